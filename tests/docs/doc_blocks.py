"""The blocks of code in a page. The words after a fence say how the block is tested; any other words are an error.

    sh                      run by bash; all blocks of a page share one shell
    console                 `$ command` and its output; `…` stands for any text in its line, alone for any lines
    sh aws                  needs an account or another machine: run by bash, but its programs only record their
                            arguments, which are checked then: aws by botocore's models, sparkify by its own parser
    sh system               the programs that would change this machine, such as systemctl, do nothing
    sh s3, sh redshift,     run by bash with an S3 server, whose s3://my-bucket holds the sample, and the stand-in for
    console s3, …           Redshift
    sql                     asked on both engines by test_docs.py
    sql admin               for Redshift's administrators: parsed in Redshift's dialect
    ini                     read as dwh.cfg, on top of the repository's own
    systemd file=NAME       its commands are run, with little environment; systemd-analyze checks the unit, if installed
    crontab                 its commands are run, with little environment
    python                  run; of an Airflow DAG only the bash commands are run, with little environment
    python tools            run in the environment of locks/tools.txt, whose programs are there for bash, too
    diff                    applied by git
    json                    parsed

`docker` is `harness.docker`, which builds the Dockerfile of the clone and runs the image in folders.

`ini`, `systemd` and `python` blocks with `file=NAME` are also written to that file. `/opt/sparkify` stands for the
folder of the clone. What docs/generate.py writes into a page is left to its `--check`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from generate import BLOCK, REFERENCE, ROOT
from markdown_it import MarkdownIt

PAGES = [ROOT / "README.md", *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page.parent != REFERENCE)]

TAGS = {
    "sh": ("", "aws", "system", "s3", "redshift"),
    "console": ("", "s3", "redshift"),
    "sql": ("", "admin"),
    "python": ("", "tools"),
    **dict.fromkeys(("ini", "systemd", "crontab", "diff", "json"), ("",)),
}
"""The word that may follow a language."""

FILE_LANGUAGES = ("ini", "systemd", "python")


class DocumentError(AssertionError):
    """A page says something that is not so."""


@dataclass(frozen=True)
class Block:
    """A block of code in a page."""

    page: Path
    line: int
    language: str
    tag: str
    file: str
    text: str

    @property
    def location(self) -> str:
        """Page and line."""
        return f"{page_name(self.page)}:{self.line}"

    @property
    def has_test(self) -> bool:
        """Whether its words are among those that say how it is tested."""
        return self.tag in TAGS.get(self.language, ()) and (not self.file or self.language in FILE_LANGUAGES)

    @property
    def is_query(self) -> bool:
        """Whether it is SQL for both engines."""
        return (self.language, self.tag) == ("sql", "")


def page_name(page: Path) -> str:
    """The path of a page in the repository."""
    return str(page.relative_to(ROOT) if page.is_relative_to(ROOT) else page)


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, indented code among them, without those that docs/generate.py writes."""
    text = BLOCK.sub(lambda part: "\n" * part[0].count("\n"), page.read_text(encoding="utf-8"))
    tokens = [token for token in MarkdownIt().parse(text) if token.type in ("fence", "code_block")]
    return [_block(page, token.map[0] + 1 if token.map else 0, token.info, token.content) for token in tokens]


def _block(page: Path, line: int, info: str, text: str) -> Block:
    language, *words = info.split() or [""]
    files = [word for word in words if word.startswith("file=")]
    tags = [word for word in words if word not in files]
    return Block(page, line, language, " ".join(tags), " ".join(files).removeprefix("file="), text)


def dialogue(block: Block) -> list[tuple[str, str]]:
    """The commands of a console block, each with its output.

    Raises:
        ValueError: the block does not begin with a command.
    """
    before, *parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    if before or not parts:
        raise ValueError("a console begins with `$ `")
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


def matches(expected: str, output: str) -> bool:
    """Whether an output is the expected one, in which `…` stands for any text in its line, or alone for any lines."""
    lines = (
        r"(?:[^\n]*\n)*?" if line.strip() == "…" else r"[^\n]*".join(map(re.escape, line.rstrip().split("…"))) + r" *\n"
        for line in expected.strip("\n").splitlines()
    )
    return re.fullmatch("".join(lines), f"{output.strip(chr(10))}\n" if output.strip() else "") is not None
