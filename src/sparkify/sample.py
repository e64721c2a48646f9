"""Invent a bucket of Sparkify's shape on disk: song metadata, activity logs, their JSONPaths file.

The files follow the real ones in layout, key order, escaping and quirks, at any size; every name in
them is invented. They depend on (songs, events, seed) alone, byte for byte. Events are streamed in
order of time: memory holds the users and the sessions open at the moment, never the events.
"""

import json
import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace
from itertools import accumulate, groupby, islice, pairwise
from math import inf
from pathlib import Path
from random import Random
from typing import NamedTuple

MONTH_START_S = 1_541_030_400  # 2018-11-01T00:00:00Z, a Thursday
DAYS, DAY_S = 30, 86_400
LONGEST_STEP_S = 900  # between two events of a session
LONGEST_SESSION = DAY_S // LONGEST_STEP_S  # events: the last day can hold any session whole
HITS = 100_000  # the most catalogue songs that listeners choose from: bounds memory
POOL = 400_000  # songs that listeners choose from and the catalogue lacks
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
HOURLY_STARTS = [2, 2, 2, 2, 2, 3, 3, 3, 4, 5, 5, 6, 6, 7, 8, 9, 9, 9, 8, 6, 5, 4, 3, 3]  # 0-23 UTC
LOG_COLUMNS = [
    *("artist", "auth", "firstName", "gender", "itemInSession", "lastName", "length", "level"),
    *("location", "method", "page", "registration", "sessionId", "song", "status", "ts"),
    *("userAgent", "userId"),
]

WORDS = {  # "_" stands for a space
    "adj": """Amber Ancient Bitter Blue Brave Broken Cold Crooked Dark Distant Dizzy Electric Empty
        Endless Faded Fallen Fearless Foolish Frozen Gentle Golden Hidden Hollow Last Lazy Lonely
        Lost Lucky Midnight Neon Northern Open Pale Perfect Quiet Reckless Restless Rusty Sacred
        Scarlet Secret Silver Simple Sleepy Slow Stolen Sudden Sweet Tender Tiny Velvet Violet
        Wasted Wicked Wild Winter Wooden""",
    "noun": """Anchor Angel Animal Arrow Autumn Avenue Bird Bridge Candle Castle City Cloud Coast
        Comet Crown Dance Desert Diamond Dream Echo Ember Engine Fever Fire Flower Forest Fountain
        Ghost Girl Glass Gravity Harbor Heart Highway Honey House Island Jungle Ladder Letter Light
        Lion Lover Machine Map Mercy Mirror Money Moon Mountain Night Ocean Orchard Pilot Pocket
        Prayer Queen Radio Rain Razor River Road Robot Rose Sailor Season Shadow Ship Shoes Sister
        Sky Smoke Snow Soldier Song Spider Star Station Stone Storm Street Summer Sun Thief Thunder
        Tiger Tower Train Valley Wave Window Wolf""",
    "verb": """Ain't_Over Burn Can't_Hide Come_Back Dance Don't_Leave Fall Fly Follow Go_Home
        Hold_On I'll_Wait I'm_Falling It's_Time Keep_Running Let's_Ride Run She's_Gone Stay Tell_Me
        Wake_Up Walk_Away We're_Here Won't_Stop""",
    "lang": """Amore Città Cuore Mare Notte Perché Canción Corazón Luna Mañana Noche Sueño Vida
        Coração Ilusão Saudade Étoile Forêt Jardin Ville Frühling Herz Licht Mädchen Nacht Straße
        Traum Blå Drøm Hjärta Sydän Tähti Łódź Noc""",
    "rare": """حبيبي ليلة_القمر 夜の電車 台北の雨 사랑 Москва Белая_Ночь
        Αγάπη שלום İstanbul 🍒_Pop Sunset_🌅 ♥ False None null 7th_Heaven 99% 24/7 AC/XY 2018-11-01
        "Heroes_&_Fools" \\o/""",
    "first": """Abel Ada Astrid Bela Bruno Cara Cleo Dora Elia Felix Flora Hugo Ida Igor Iris Ivo
        Jonas Juno Kai Lars Leda Lola Mara Milo Nico Nora Olga Otto Petra Quinn Rafa Remy Rosa
        Selma Sven Tess Theo Vera Wanda Zeno""",
    "part": """ba bel bo bri cal car cor da del el fan far fin ga gar gri hal hol jo ka kel kor la
        lan lin ma mar mel mi mon na nel nor o par pel qua ra ren ri ro sa sel sha sol ta tan ul va
        vel vi wen yo zel zim""",
    "place": """Aberdeen,_Scotland Accra,_Ghana Austin,_TX Bergen,_Norway Bristol,_England Brno
        Dakar Cork,_Ireland FRANCE Graz,_Austria Hamburg,_Germany Iceland JAPAN_-_Osaka
        Lisbon,_Portugal Lyon Madrid,_Spain Maine Naples,_Italy Ohio Oslo/Bergen Porto,_Portugal
        Perth São_Paulo,_Brazil Tucson,_AZ Turku,_Finland Vienna""",
    "state": "AL AZ CA CO FL GA IL-WI IN KY-IN LA MA-NH ME MI MO-KS NC NJ-PA NY OH OR-WA TX WA",
    "system": """Windows_NT_6.1;_WOW64 Windows_NT_5.1 Windows_NT_6.3;_WOW64 X11;_Linux_x86_64
        Macintosh;_Intel_Mac_OS_X_10.9 Macintosh;_Intel_Mac_OS_X_10.10""",
    # Phrases, in which a kind of word stands for any word of its kind.
    "title": """noun adj_noun adj_noun adj_noun The_adj_noun noun_Of_The_noun verb_first verb
        My_adj_noun noun_And_noun verb_(adj_noun) verb_With_The_adj_noun No_noun,_No_noun
        adj_noun_noun lang_lang_lang name One_noun_For_first first's_noun first's_adj_noun
        verb,_first I_Was_adj noun_noun adj_adj_noun lang What_The_adj_noun_Said
        To_The_noun_Of_noun (Don't)_verb noun_Blues adj_name name Theme_From_"adj_noun"
        The_noun_In_The_noun adj_noun,_adj_noun first_And_The_adj_noun verb_To_name
        noun,_verb_(adj_Medley)""",
    "title end": """(Album_Version) (Live) (LP_Version) (Radio_Edit) (2004_Digital_Remaster)
        [Remix] (Explicit) (7"_Mix) (feat._first_name) -_Original Op._12,_No._3:_II._Adagio""",
    "artist": """first_name first_name first_name first_name first_name first_name name_name
        The_adj_noun name_noun first_&_The_adj_noun DJ_name name_noun_name name_&_name MC_name
        first_"noun"_name The_noun_name The_name_noun_Orchestra first_name_/_first_name name_lang
        adj_name first_name_Trio name_Of_noun name""",
}
LEXICON = {kind: [w.replace("_", " ") for w in words.split()] for kind, words in WORDS.items()}
KIND = re.compile(r"(?<![A-Za-z])(adj|noun|verb|lang|first|name|state)(?![A-Za-z])")

# A page's method, its status, and the odds of the pages that follow it ("" begins a session). "-"
# marks a visitor who is logged out; "Offer" is Upgrade for free users, Downgrade for paying ones.
PLAYING = {"NextSong": 942, "Home": 22, "Logout": 13, "Offer": 9, "Settings": 5, "Help": 5}
PAGES: dict[str, tuple[str, int, dict[str, int]]] = {
    "": ("", 0, {"NextSong": 540, "Home": 370, "-Home": 57, "-Login": 27, "About": 3, "Help": 3}),
    "NextSong": ("PUT", 200, PLAYING | {"About": 2, "Error": 2}),
    "Home": ("GET", 200, {"NextSong": 90, "Settings": 4, "Logout": 2, "Offer": 3, "Home": 1}),
    "Logout": ("PUT", 307, {"-Home": 1}),
    "-Home": ("GET", 200, {"-Login": 58, "-Home": 24, "-About": 12, "-Help": 6}),
    "-Login": ("PUT", 307, {"Home": 1}),
    "-About": ("GET", 200, {"-Login": 4, "-Home": 2, "-About": 1}),
    "-Help": ("GET", 200, {"-Login": 2, "-Help": 3}),
    "Upgrade": ("GET", 200, {"Submit Upgrade": 45, "NextSong": 20, "Home": 25, "Upgrade": 10}),
    "Downgrade": ("GET", 200, {"NextSong": 60, "Home": 25, "Downgrade": 4, "Submit Downgrade": 16}),
    "Submit Upgrade": ("PUT", 307, {"Home": 1}),
    "Submit Downgrade": ("PUT", 307, {"Home": 1}),
    "Settings": ("GET", 200, {"NextSong": 60, "Save Settings": 20, "Settings": 8, "Home": 12}),
    "Save Settings": ("PUT", 307, {"Home": 1}),
    "Help": ("GET", 200, {"NextSong": 85, "Home": 10, "Offer": 5}),
    "About": ("GET", 200, {"NextSong": 1, "Home": 1, "About": 1}),
    "Error": ("GET", 404, {"NextSong": 2, "Home": 1}),
}

Record = dict[str, str | int | float | None]  # a song file's object, or the artist's part of one
Event = tuple[int, int, str]  # epoch ms, session number, line


@dataclass(frozen=True)
class Sample:
    """What was written: song records, log events, files (with the JSONPaths file), their bytes."""

    songs: int
    events: int
    files: int
    bytes: int


def write_sample(folder: Path, songs: int, events: int, seed: int) -> Sample:
    """Write a bucket of `songs` song files, and `events` log events over 30 days, to `folder`.

    From 30 events on every day has some; a day without events has no file.
    ValueError: a negative number, or a folder that already holds a bucket.
    """
    if songs < 0 or events < 0:
        raise ValueError(f"songs={songs}, events={events}: use 0 or more; nothing was written")
    _refuse_a_bucket(folder)
    for name in ("song_data", "log_data/2018/11"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    json_paths = json.dumps({"jsonpaths": [f"$['{column}']" for column in LOG_COLUMNS]}, indent=4)
    (folder / "log_json_path.json").write_bytes(json_paths.encode())
    rng = Random(seed)
    hits, song_bytes = _write_songs(folder / "song_data", rng, songs)
    log_files, log_bytes = _write_logs(folder / "log_data/2018/11", App(rng, events, hits).month())
    size = len(json_paths) + song_bytes + log_bytes
    return Sample(songs, events, files=songs + log_files + 1, bytes=size)


def _refuse_a_bucket(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file: name a new or an empty folder; nothing was written")
    for path in (folder / "song_data", folder / "log_data", folder / "log_json_path.json"):
        is_empty = path.is_dir() and not any(path.iterdir())
        if path.is_symlink() or (path.exists() and not is_empty):
            raise ValueError(
                f"{path} is already there: name a new or an empty folder, or delete song_data, "
                "log_data and log_json_path.json; nothing was written"
            )


def _json(value: object) -> str:
    """JSON as PHP writes it: compact, ASCII only, a slash with a backslash before it."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def _phrase(rng: Random, patterns: Sequence[str]) -> str:
    """One of the patterns, each kind of word in it replaced by a word of its kind."""

    def word(kind: re.Match[str]) -> str:
        if kind[0] == "name":
            return "".join(rng.choices(LEXICON["part"], k=rng.randint(2, 3))).capitalize()
        return rng.choice(LEXICON[kind[0]])

    return KIND.sub(word, rng.choice(patterns))


def _odd(rng: Random, text: str, odds: float) -> str:
    """Now and then, the text as careless typing and broken encodings leave it."""
    if rng.random() > odds:
        return text
    spaces = [text.replace(" ", odd, 1) for odd in ("\u00a0", " \t", " \u0013 ")]
    broken = [text[:1] + "\ufffd" + text[3:], text + "\u0019s", f"\u001c{text}\u001d"]
    return rng.choice([text + " ", " " + text, *spaces, *broken])


def _title(rng: Random) -> str | int | float:
    luck = rng.random()
    if luck < 1 / 700:
        return rng.choice((rng.randint(1, 2999), rng.randint(1900, 2010), rng.randint(11, 99) / 10))
    if luck < 1 / 200:
        return rng.choice(LEXICON["rare"])
    title = _phrase(rng, LEXICON["title"])
    if luck > 0.88:
        title += " " + _phrase(rng, LEXICON["title end"])
    # The catalogue spells a comma in a title as an underscore.
    return _odd(rng, title.replace(",", "_"), 1 / 160)


def _artist_name(rng: Random) -> str | int:
    luck = rng.random()
    if luck < 1 / 700:
        return rng.randint(100, 3999)
    if luck < 1 / 300:
        return rng.choice(LEXICON["rare"])
    return _odd(rng, _phrase(rng, LEXICON["artist"]), 1 / 200)


def _place(rng: Random) -> str | int:
    luck = rng.random()
    if luck > 0.4524:
        return _odd(rng, rng.choice(LEXICON["place"]), 1 / 150)
    if luck > 0.4519:
        link = f"http://{rng.choice(LEXICON['part'])}{rng.getrandbits(24)}.example/"
        script = f'UntrustedLink.bootstrap($(this), "{rng.getrandbits(128):032x}", event)'
        attributes = f'href="{link}" onmousedown=\'{script}\' target="_blank" rel="nofollow"'
        return f"<a {attributes}>{link}</a>" * rng.randint(1, 2)
    if luck > 0.4505:
        return rng.randint(20, 999)
    return " " * rng.randint(1, 3) if luck > 0.45 else ""


def _duration_s(rng: Random) -> float:
    return round(min(2_700.0, max(5.0, rng.lognormvariate(5.44, rng.choice((0.3, 0.3, 0.7))))), 5)


def _code(rng: Random, prefix: str, letters: int, suffix: str) -> str:
    return prefix + "".join(rng.choices(LETTERS, k=letters)) + suffix


def _artist(rng: Random, number: int) -> Record:
    is_located = rng.random() < 0.36
    return {
        "artist_id": _code(rng, "AR", 5, f"1187B{number * 7_368_787 % 2**24:06X}"),
        "artist_latitude": round(rng.uniform(-45, 65), 5) if is_located else None,
        "artist_location": _place(rng),
        "artist_longitude": round(rng.uniform(-150, 150), 5) if is_located else None,
        "artist_name": _artist_name(rng),
    }


def _song(rng: Random, number: int, artist: Record, is_first: bool) -> Record:
    """A song of the artist; a later one may credit a guest, or know less of the artist's place."""
    record = dict(artist)
    if not is_first and rng.random() < 0.08:
        joint = rng.choice(("feat.", "featuring", "&"))
        record["artist_name"] = f"{artist['artist_name']} {joint} {_artist_name(rng)}"
    if not is_first and rng.random() < 1 / 60:
        record |= {"artist_latitude": None, "artist_location": "", "artist_longitude": None}
    return record | {
        "duration": _duration_s(rng),
        "num_songs": 1,
        "song_id": _code(rng, "SO", 5, f"12A{number * 2_654_435_761 % 2**32:08X}"),
        "title": _title(rng),
        "year": 0 if rng.random() < 0.32 else max(1922, 2010 - int(rng.expovariate(0.11))),
    }


def _songs(rng: Random, count: int) -> Iterator[Record]:
    """Two songs in three bring a new artist; one in 900 is the song before it, delivered again."""
    recent: list[Record] = []  # artists; its length is bounded to keep memory flat
    song: Record = {}
    artists = 0
    for number in range(count):
        if song and rng.random() < 1 / 900:
            song = song if rng.random() < 0.5 else song | {"year": 0 if song["year"] else 1999}
        elif not recent or rng.random() < 0.64:
            artist = _artist(rng, artists)
            recent[artists % 20_000 : artists % 20_000 + 1] = [artist]
            artists += 1
            song = _song(rng, number, artist, is_first=True)
        else:
            song = _song(rng, number, rng.choice(recent), is_first=False)
        yield song


class Play(NamedTuple):
    """A song as the logs print it: JSON fragments, and the seconds until the next one starts."""

    artist: str
    title: str
    length: str
    step_s: int


def _play(artist: object, title: object, duration_s: object) -> Play:
    """The logs print numbers as text, and text as UTF-8 that was encoded as UTF-8 once more."""
    artist_twice, title_twice = (
        _json(str(name).encode().decode("latin-1").encode().decode("latin-1")) for name in (artist, title)
    )
    length = repr(duration_s)
    return Play(artist_twice, title_twice, length, min(int(float(length)), LONGEST_STEP_S))


SILENCE = Play("null", "null", "null", 0)


def _write_songs(folder: Path, rng: Random, count: int) -> tuple[list[Play], int]:
    """Write the catalogue; return what listeners may play of it, and the bytes written."""
    hits: list[Play] = []
    leaves: set[Path] = set()
    size = 0
    for number, song in enumerate(_songs(rng, count)):
        x, y = rng.choices(LETTERS, k=2)
        name = _code(rng, f"TRA{x}{y}", 2, f"128F{number * 40_503_817 % 2**28:07X}.json")
        leaf = folder / "A" / x / y
        if leaf not in leaves:
            leaf.mkdir(parents=True)
            leaves.add(leaf)
        size += (leaf / name).write_bytes(_json(song).encode())
        if len(hits) < HITS:
            hits.append(_play(song["artist_name"], song["title"], song["duration"]))
    return hits, size


class Jukebox:
    """What listeners hear: one play in 18 is of the catalogue; a few songs make many plays."""

    def __init__(self, rng: Random, hits: list[Play]) -> None:
        """`hits`: the catalogue's songs, the most popular first."""
        self._random = rng.random
        self._hits = hits
        self._hit_share = 0.055 if hits else 0.0
        self._others = [_play(_artist_name(rng), _title(rng), _duration_s(rng)) for _ in range(5_000)]
        for index in range(0, 5_000 if hits else 0, 2):  # the catalogue has other songs by these
            self._others[index] = self._others[index]._replace(artist=rng.choice(hits).artist)

    def play(self) -> Play:
        """Draw a song; the odds of rank r fall like 1 / (r + 1), or 1 / (r + 20) off catalogue."""
        share, others = self._hit_share, self._others
        luck = self._random()
        if luck < share:
            rank = int((len(self._hits) + 0.5) ** (luck / share) - 1)
            hit = self._hits[rank]
            is_other_recording = self._random() < 0.04
            return hit._replace(length=others[rank % 4_999].length) if is_other_recording else hit
        rank = int(20 * (POOL / 20) ** ((luck - share) / (1 - share)) - 20)
        # A rank always means one song: the title of one entry, by the artist of another.
        _, title, length, step_s = others[rank % 4_999]
        artist = others[(rank * 2_654_435_761 >> 9) % (40 + rank % 3_001)].artist
        return Play(artist, title, length, step_s)


@dataclass(slots=True)
class User:
    """The constant parts of a user's log lines, in their order, and the user's state."""

    head: str
    name: str
    place: str
    account: str
    tail: str
    level: str = "free"
    is_listening: bool = False


NOBODY = User(
    ',"auth":"Logged Out","firstName":null,"gender":null,"itemInSession":',
    ',"lastName":null,"length":',
    ',"location":null,"method":',
    ',"registration":null,"sessionId":',
    ',"userAgent":null,"userId":""}',
)


def _user(rng: Random, number: int, first: str, last: str) -> User:
    place = _phrase(rng, ["name, state", "name-name, state", "name-name-name, state"])
    registration = (MONTH_START_S - rng.randint(1, 40 * DAY_S)) * 1000 + rng.randint(1, 999)
    system = rng.choice(LEXICON["system"])
    chrome = f"Chrome/3{rng.randint(5, 7)}.0.{rng.randint(1916, 2062)}.{rng.randint(90, 145)}"
    engine = f"AppleWebKit/537.36 (KHTML, like Gecko) {chrome} Safari/537.36"
    agent = f'"Mozilla/5.0 ({system}) {engine}"'  # the quotes are part of the text
    if rng.random() < 0.27:
        agent = f"Mozilla/5.0 ({system}; rv:31.0) Gecko/20100101 Firefox/31.0"
    gender = rng.choice("FFM")
    return User(
        f',"auth":"Logged In","firstName":"{first}","gender":"{gender}","itemInSession":',
        f',"lastName":"{last}","length":',
        f',"location":{_json(place)},"method":',
        f',"registration":{registration}.0,"sessionId":',
        f',"userAgent":{_json(agent)},"userId":"{number + 2}"}}',
    )


def _users(rng: Random, count: int) -> tuple[list[User], list[float]]:
    """The users, two of them of one name, and the running sum of their activity."""
    names = [(rng.choice(LEXICON["first"]), _phrase(rng, ["name"])) for _ in range(count)]
    names[1] = names[0]
    users = [_user(rng, number, *name) for number, name in enumerate(names)]
    activity = [min(12.0, 0.2 + rng.lognormvariate(-0.3, 1.3)) for _ in users]
    for user, amount in zip(users, activity, strict=True):
        user.level = "paid" if amount > rng.uniform(1.0, 1.4) else "free"
    return users, list(accumulate(activity))


class Page:
    """A page of the app: the parts that it gives a log line, and what may follow it."""

    def __init__(self, name: str) -> None:
        """`name`: a key of PAGES."""
        method, status, following = PAGES[name]
        self.method = f'"{method}","page":"{name.removeprefix("-")}"'
        self.status = str(status)
        self.is_play = name == "NextSong"
        self.is_logged_out = name.startswith("-")
        self.new_level = {"Submit Upgrade": "paid", "Submit Downgrade": "free"}.get(name)
        self.following = list(following)
        *self.bounds, self.odds = accumulate(following.values())


class App:
    """Sparkify in November 2018: its users, its pages, and the events that they leave."""

    def __init__(self, rng: Random, events: int, hits: list[Play]) -> None:
        """`events`: how many the month has; `hits`: the catalogue's songs."""
        self._rng, self._events = rng, events
        self._jukebox = Jukebox(rng, hits)
        self._pages = {name: Page(name) for name in PAGES}
        self._users, self._activity = _users(rng, max(3, round(97 * (events / 8_056) ** 0.83)))

    def month(self) -> Iterator[Event]:
        """All events, `ts` ascending, of sessions that overlap."""
        open_sessions: list[tuple[int, int, str, Iterator[Event]]] = []
        for number, (start_s, length) in enumerate(_starts(self._rng, self._events), 1):
            yield from _until(open_sessions, start_s * 1000)
            session = self._session(number, start_s * 1000 + self._rng.randint(1, 999), length)
            heappush(open_sessions, (*next(session), session))
        yield from _until(open_sessions, inf)

    def _idle_user(self) -> User:
        """A user, who is idle unless nearly everyone is listening."""
        for _ in range(9):
            user = self._rng.choices(self._users, cum_weights=self._activity)[0]
            if not user.is_listening:
                break
        return user

    def _session(self, number: int, ts: int, length: int) -> Iterator[Event]:
        """A session of `length` events, the first at epoch ms `ts`."""
        user, random = self._idle_user(), self._rng.random
        user.is_listening = True
        page = self._follow(self._pages[""], user)
        for item in range(length):
            who = NOBODY if page.is_logged_out else user
            song = self._jukebox.play() if page.is_play else SILENCE
            line = (
                f'{{"artist":{song.artist}{who.head}{item}{who.name}{song.length},"level":'
                f'"{user.level}"{who.place}{page.method}{who.account}{number},"song":{song.title},'
                f'"status":{page.status},"ts":{ts}{who.tail}'
            )
            yield ts, number, line
            user.level = page.new_level or user.level
            page_before, page = page, self._follow(page, user)
            if not page_before.is_play:
                ts += 1000 * int(260 * random() ** 1.5)
            elif page.is_play:
                ts += 1000 * song.step_s if random() > 1 / 800 else 0
            else:
                ts += 1000 * int(song.step_s * random())
        user.is_listening = False

    def _follow(self, page: Page, user: User) -> Page:
        name = page.following[bisect(page.bounds, self._rng.random() * page.odds)]
        if name == "Offer":
            name = "Upgrade" if user.level == "free" else "Downgrade"
        return self._pages[name]


def _until(open_sessions: list[tuple[int, int, str, Iterator[Event]]], end_ms: float) -> Iterator[Event]:
    """The events before `end_ms` of the open sessions, a heap that loses those that end."""
    while open_sessions and open_sessions[0][0] < end_ms:
        ts, number, line, session = open_sessions[0]
        yield ts, number, line
        event = next(session, None)
        if event:
            heapreplace(open_sessions, (*event, session))
        else:
            heappop(open_sessions)


def _starts(rng: Random, events: int) -> Iterator[tuple[int, int]]:
    """Start (epoch s, ascending) and length (events) of each session; lengths sum to `events`."""
    weekday_or_not = [0.4 if day % 7 in (2, 3) else 1.0 for day in range(DAYS)]
    volume = list(accumulate(share * rng.uniform(0.6, 1.4) for share in weekday_or_not))
    everyday = 1 if events >= DAYS else 0
    bounds = [round((events - DAYS * everyday) * part / volume[-1]) for part in (0, *volume)]
    for day, (lower, upper) in enumerate(pairwise(bounds)):
        missing = upper - lower + everyday
        sessions = []
        while missing:
            length = min(missing, LONGEST_SESSION, 1 + int(rng.lognormvariate(0.7, 1.8)))
            hour = rng.choices(range(24), HOURLY_STARTS)[0]
            second = hour * 3_600 + rng.randrange(3_600)
            if day == DAYS - 1:  # the session must end before midnight
                second = second * (DAY_S - length * LONGEST_STEP_S) // DAY_S
            sessions.append((MONTH_START_S + day * DAY_S + second, length))
            missing -= length
        yield from sorted(sessions)


def _write_logs(folder: Path, events: Iterator[Event]) -> tuple[int, int]:
    """Write a file for each day (UTC) that has events; return the number of files and of bytes."""
    files = size = 0
    for day, lines in groupby(events, key=lambda event: event[0] // (1000 * DAY_S)):
        number = day - MONTH_START_S // DAY_S + 1
        with (folder / f"2018-11-{number:02}-events.json").open("wb") as file:
            newline = ""
            while batch := [line for _, _, line in islice(lines, 8_192)]:
                size += file.write((newline + "\n".join(batch)).encode())
                newline = "\n"
        files += 1
    return files, size
