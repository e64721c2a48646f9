"""List a bucket and get every object of it with obstore, and do nothing with them: what is the least that S3 takes.

python bench/bare_get.py    the bucket of s3_files.py, at AWS_ENDPOINT_URL
"""

import os
from concurrent.futures import ThreadPoolExecutor

import obstore
from obstore.store import S3Store

THREADS = 16
"""A little quicker than 32, and much quicker than obstore's coroutines, which take more than twice as long."""


def main() -> None:
    store = S3Store("bench", endpoint=os.environ["AWS_ENDPOINT_URL"], client_options={"allow_http": True})
    paths = [item["path"] for page in obstore.list(store) for item in page]
    with ThreadPoolExecutor(THREADS) as pool:
        sizes = pool.map(lambda path: len(obstore.get(store, path).bytes()), paths)
        print(f"{len(paths):,} objects, {sum(sizes):,} bytes")


if __name__ == "__main__":
    main()
