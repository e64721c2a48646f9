"""Which folders say that they are of earlier days, and that a listing leaves out these and nothing else."""

from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.s3_double import S3Double
from sparkify import config
from sparkify.store import Listing, ObjectStore, Stores
from sparkify.store.folder import Folder
from sparkify.store.partitions import is_over, last_day
from sparkify.store.s3 import listing

LAST_DAYS = {
    "2018": "2018-12-31",
    "2018/11": "2018-11-30",
    "2018/2": "2018-02-28",
    "2020/02": "2020-02-29",
    "2018/11/05": "2018-11-05",
    "2018/11/5/13": "2018-11-05",
    "2018-11": "2018-11-30",
    "2018-11-05": "2018-11-05",
    "20181105": "2018-11-05",
    "2018/2018-11/2018-11-05": "2018-11-05",
    "2018/2018-11-05": "2018-11-05",
    "year=2018": "2018-12-31",
    "year=2018/month=11": "2018-11-30",
    "Year=2018/Month=11/Day=05/hour=13": "2018-11-05",
    "dt=2018-11-05": "2018-11-05",
    "date=20181105": "2018-11-05",
    "day=2018-11-05/hour=1": "2018-11-05",
    "app=web/region-1/2018/11/05/part-7": "2018-11-05",
    "2018/eu/11": "2018-12-31",
    "2018/13": "2018-12-31",
    "2018/11/31": "2018-11-30",
    "2018/month=11": "2018-11-30",
    "year=2018/region=12/month=11": "2018-12-31",
}

NO_DAYS = ["", "A/B/C", "11", "11/05", "month=11", "1042", "31337", "id=2018", "month=2018", "dt=2018", "201811"]
NO_DAYS += ["2018-13", "2018-11-05-2019-01-31", "v2018", "2018-11-05T00", "user=20181105", "20181399", "2018-1-5"]
NO_DAYS += ["\u0662\u0660\u0661\u0668"]  # digits, and no ASCII


@pytest.mark.parametrize("folder", LAST_DAYS)
def test_a_folder_that_names_a_date_tells_its_last_day(folder: str) -> None:
    assert last_day(folder) == last_day(f"{folder}/") == date.fromisoformat(LAST_DAYS[folder])


@pytest.mark.parametrize("folder", NO_DAYS)
def test_a_folder_that_names_no_date_for_sure_is_never_over(folder: str) -> None:
    assert last_day(folder) is None
    assert not is_over(folder, date(2999, 1, 1))


def test_a_folder_is_over_when_its_last_day_is() -> None:
    assert is_over("2018/11", date(2018, 12, 1))
    assert not is_over("2018/11", date(2018, 11, 30))
    assert not is_over("2018/11", None)


LAYOUTS = ["%Y/%m/%d", "%Y/%m/%d/%H", "%Y/%m", "%Y", "%Y-%m-%d", "%Y%m%d", "%Y-%m", "dt=%Y-%m-%d"]
LAYOUTS += ["year=%Y/month=%m/day=%d"]
UNDATED = ["", "A", "A/B", "app=web", "backlog/1042"]
DAYS = st.dates(date(2016, 1, 1), date(2019, 12, 31))


class Key(NamedTuple):
    """A key in a folder of a day, or of its month or its year; without a layout, in folders that name none."""

    before: str
    layout: str
    day: date
    behind: str
    name: str

    def __str__(self) -> str:
        return "/".join(filter(None, [self.before, self.day.strftime(self.layout), self.behind, self.name]))

    def may_be_of(self, since: date) -> bool:
        """Whether the period that the folder names reaches to a day or beyond."""
        if "%d" in self.layout:
            return self.day >= since
        if "%m" in self.layout:
            return (self.day.year, self.day.month) >= (since.year, since.month)
        return not self.layout or self.day.year >= since.year


KEYS = st.builds(
    Key,
    st.sampled_from(UNDATED),
    st.sampled_from(LAYOUTS),
    DAYS,
    st.sampled_from(UNDATED),
    st.sampled_from(["a.json", "2016-01-01.json"]),
)


def listed_in_folder(keys: set[str], since: date | None, folder: Path) -> Listing:
    for key in keys:
        path = folder / "log_data" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    return Folder("log_data", folder).list_objects(since)


@pytest.fixture
def in_bucket(double: S3Double, tmp_path: Path) -> ObjectStore:
    """What lies below s3://music/log_data."""
    (tmp_path / "dwh.cfg").write_text(
        "[S3]\nLOG_DATA = s3://music/log_data\nSONG_DATA = s3://music/song_data\nLOG_JSONPATH = a\n[DUCKDB]\nPATH = a\n"
    )
    return Stores(config.load(tmp_path / "dwh.cfg", {})).open("s3://music/log_data")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    keys=st.sets(KEYS, min_size=1, max_size=12),
    undated=st.sets(KEYS.map(lambda key: key._replace(layout="")), max_size=3),
    since=DAYS,
    page_size=st.integers(1, 3),
    most_folders=st.sampled_from([1, 2, 5, 200]),
)
def test_whatever_the_layout_only_folders_of_earlier_days_are_left_out(
    keys: set[Key],
    undated: set[Key],
    since: date,
    page_size: int,
    most_folders: int,
    tmp_path_factory: pytest.TempPathFactory,
    double: S3Double,
    in_bucket: ObjectStore,
) -> None:
    keys |= undated
    wanted = {str(key) for key in keys if key.may_be_of(since)}
    found = listed_in_folder({*map(str, keys)}, since, tmp_path_factory.mktemp("logs"))
    assert {item.key for item in found.objects} == wanted

    double.buckets["music"] = {f"log_data/{key}": b"{}" for key in keys}
    double.page_size = page_size
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "MOST_FOLDERS", most_folders)
        listed, all_listed = in_bucket.list_objects(since), in_bucket.list_objects()
    assert {item.key for item in listed.objects} == wanted
    assert [*listed.objects] == [item for item in all_listed.objects if item.key in wanted]
    assert bool(found.left_out) == bool(listed.left_out) == any(not key.may_be_of(since) for key in keys)


# ---------------------------------------------------------------- links


@pytest.mark.parametrize("target", ["2018/10", "2018", "2017"])
def test_a_link_to_what_is_left_out_is_not_listed_by_another_name(target: str, tmp_path: Path) -> None:
    keys = {"2017/12/a.json", "2018/10/b.json", "2019/01/c.json"}
    listed_in_folder(keys, None, tmp_path)
    (tmp_path / "log_data" / "former").symlink_to(tmp_path / "log_data" / target)
    store = Folder("log_data", tmp_path)
    assert [item.key for item in store.list_objects(date(2019, 1, 1)).objects] == ["2019/01/c.json"]
    assert {item.key for item in store.list_objects().objects} == keys


def test_a_link_out_of_the_location_is_followed_unless_its_own_name_is_of_earlier_days(tmp_path: Path) -> None:
    listed_in_folder({"2019/01/c.json"}, None, tmp_path)
    for name in ("2016", "2017"):
        (tmp_path / "archive" / name).mkdir(parents=True)
        (tmp_path / "archive" / name / "a.json").write_text("{}")
    (tmp_path / "log_data" / "2016").symlink_to(tmp_path / "archive" / "2016")
    (tmp_path / "log_data" / "other").symlink_to(tmp_path / "archive" / "2017")
    listing = Folder("log_data", tmp_path).list_objects(date(2019, 1, 1))
    assert [item.key for item in listing.objects] == ["2019/01/c.json", "other/a.json"]
    assert listing.left_out == 1
