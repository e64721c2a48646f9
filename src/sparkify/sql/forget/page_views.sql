-- Deletes the page views of the user.
delete from page_views
where user_id = $user_id;
