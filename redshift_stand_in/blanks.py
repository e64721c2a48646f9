"""Comparisons of texts that take no notice of blanks at their ends, as in Redshift.

"Trailing spaces in VARCHAR and CHAR values are treated as semantically insignificant when values are compared" (DG
r_Character_types). PostgreSQL does so for CHAR alone, and stores both types alike. So the catalog of each database lets
the operators of texts call the functions of CHAR: =, <> and the others, and what sorts, groups, joins, or takes the
least or the greatest. What measures, cuts or searches a text still counts its blanks.
"""

from __future__ import annotations

COMPARISONS = """
    update pg_operator as o
    set oprcode = c.oprcode
    from pg_operator as c
    where o.oprleft = 'text'::regtype and o.oprright = 'text'::regtype
        and c.oprleft = 'bpchar'::regtype and c.oprright = 'bpchar'::regtype
        and o.oprname = c.oprname and o.oprname in ('=', '<>', '<', '<=', '>', '>=')"""

SORTING_AND_HASHING = """
    update pg_amproc as o
    set amproc = c.amproc
    from pg_amproc as c, pg_opfamily as f, pg_opfamily as g
    where o.amprocfamily = f.oid and c.amprocfamily = g.oid and f.opfmethod = g.opfmethod
        and f.opfname = 'text_ops' and g.opfname = 'bpchar_ops'
        and o.amproclefttype = 'text'::regtype and o.amprocrighttype = 'text'::regtype
        and c.amproclefttype = 'bpchar'::regtype and c.amprocrighttype = 'bpchar'::regtype
        and o.amprocnum = c.amprocnum"""

LEAST_AND_GREATEST = """
    update pg_aggregate as o
    set aggtransfn = c.aggtransfn, aggcombinefn = c.aggcombinefn
    from pg_aggregate as c
    where (o.aggfnoid, c.aggfnoid) in (
        ('min(text)'::regprocedure, 'min(bpchar)'::regprocedure),
        ('max(text)'::regprocedure, 'max(bpchar)'::regprocedure)
    )"""


def statements() -> list[str]:
    """The statements that change the catalog of a database; they need the setting allow_system_table_mods."""
    return [COMPARISONS, SORTING_AND_HASHING, LEAST_AND_GREATEST]
