"""A warehouse in DuckDB beside a bucket in S3, which is ministack on this machine."""

from pathlib import Path

from harness.warehouse import Sparkify
from redshift_stand_in.s3_server import Server


class InS3(Sparkify):
    """One warehouse, and a bucket of its own beside it."""

    def __init__(self, folder: Path, server: Server, **etl_settings: str | int) -> None:
        self.s3 = server.s3
        self.server = server
        self.bucket_name = server.new_bucket()
        super().__init__(folder, **etl_settings)

    @property
    def store(self) -> str:
        return f"s3://{self.bucket_name}"

    def put_as_it_is(self, key: str, content: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket_name, Key=key, Body=content)

    def put_all(self, folder: Path) -> None:
        self.server.upload(folder, self.bucket_name)

    def remove(self, key: str) -> None:
        self.s3.delete_object(Bucket=self.bucket_name, Key=key)

    def keys(self, prefix: str) -> set[str]:
        """The keys below a prefix, at most a page of them."""
        page = self.s3.list_objects_v2(Bucket=self.bucket_name, Prefix=prefix)
        return {item["Key"] for item in page.get("Contents", ())}
