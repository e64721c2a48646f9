"""The words of which titles and names are made, and how a text is spelled in the files."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from random import Random

WORDS = {
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
    "location": """Aberdeen,_Scotland Accra,_Ghana Austin,_TX Bergen,_Norway Bristol,_England Brno
        Dakar Cork,_Ireland FRANCE Graz,_Austria Hamburg,_Germany Iceland JAPAN_-_Osaka
        Lisbon,_Portugal Lyon Madrid,_Spain Maine Naples,_Italy Ohio Oslo/Bergen Porto,_Portugal
        Perth São_Paulo,_Brazil Tucson,_AZ Turku,_Finland Vienna""",
    "state": "AL AZ CA CO FL GA IL-WI IN KY-IN LA MA-NH ME MI MO-KS NC NJ-PA NY OH OR-WA TX WA",
    "system": """Windows_NT_6.1;_WOW64 Windows_NT_5.1 Windows_NT_6.3;_WOW64 X11;_Linux_x86_64
        Macintosh;_Intel_Mac_OS_X_10.9 Macintosh;_Intel_Mac_OS_X_10.10""",
    # Phrases, in which a kind of word means any word of its kind.
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
"""Words by their kind; `_` is a space within one."""

LEXICON = {kind: [w.replace("_", " ") for w in words.split()] for kind, words in WORDS.items()}

KIND = re.compile(r"(?<![A-Za-z])(adj|noun|verb|lang|first|name|state)(?![A-Za-z])")


def json_text(value: object) -> str:
    """JSON as PHP writes it: compact, ASCII only, a slash with a backslash before it."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def phrase(rng: Random, patterns: Sequence[str]) -> str:
    """One of the patterns, each kind of word in it replaced by a word of its kind."""

    def word(kind: re.Match[str]) -> str:
        if kind[0] == "name":
            return "".join(rng.choices(LEXICON["part"], k=rng.randint(2, 3))).capitalize()
        return rng.choice(LEXICON[kind[0]])

    return KIND.sub(word, rng.choice(patterns))


def mistyped(rng: Random, text: str, probability: float) -> str:
    """The text, or at times the text as careless typing and broken encodings leave it."""
    if rng.random() > probability:
        return text
    spaces = [text.replace(" ", space, 1) for space in ("\u00a0", " \t", " \u0013 ")]
    broken = [text[:1] + "\ufffd" + text[3:], text + "\u0019s", f"\u001c{text}\u001d"]
    return rng.choice([text + " ", " " + text, *spaces, *broken])
