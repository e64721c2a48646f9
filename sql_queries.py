"""The statements of the warehouse, in the order in which they run. Their text is in src/sparkify/sql, a table a file.

Print them with `python sql_queries.py`.
"""

from sparkify import sql_queries, transform

create_table_queries = sql_queries.create_table_queries()
drop_table_queries = sql_queries.drop_table_queries()
insert_table_queries = transform.queries()

if __name__ == "__main__":
    print(";\n\n".join([*create_table_queries, *insert_table_queries]) + ";")
