"""What the tests share: each module says in its first line what it is for."""
