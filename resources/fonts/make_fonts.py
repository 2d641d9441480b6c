#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the bundled fonts from Debian's fonts-inter (Inter, SIL OFL 1.1).

Qt below 6.7 cannot switch on OpenType features, and the window's numbers change many times a second:
so the figures of equal width ("tnum") become the default ones here. The family is renamed, so that an
installed Inter is never mistaken for it, and cut down to the scripts that the window writes.

usage: make_fonts.py /usr/share/fonts/opentype/inter OUTPUT_FOLDER      (needs fonttools)
"""
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

FAMILY = "Inter Studio"
WEIGHTS = {"Regular": "Regular", "Medium": "Medium", "SemiBold": "SemiBold"}
RANGES = [
    (0x0020, 0x024F),  # Latin
    (0x0300, 0x036F),  # combining marks
    (0x0370, 0x03FF),  # Greek
    (0x1E00, 0x1EFF),  # Latin, extended additional
    (0x2000, 0x209F),  # punctuation, superscripts and subscripts
    (0x20A0, 0x20BF),  # currency
    (0x2100, 0x214F),  # letter-like
    (0x2150, 0x218F),  # fractions
    (0x2190, 0x21FF),  # arrows
    (0x2200, 0x22FF),  # mathematics
    (0x2300, 0x23FF),  # keys
    (0x2460, 0x24FF),
    (0x2500, 0x25FF),  # geometric shapes
    (0x2700, 0x27BF),
]


def tabular_figures(font: TTFont) -> dict:
    gsub = font["GSUB"].table
    mapping = {}
    for record in gsub.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for table in gsub.LookupList.Lookup[index].SubTable:
                    mapping.update(getattr(getattr(table, "ExtSubTable", table), "mapping", {}))
    return mapping


def make(source: Path, target: Path, style: str) -> None:
    font = TTFont(source)
    mapping = tabular_figures(font)
    for table in font["cmap"].tables:
        for code in range(ord("0"), ord("9") + 1):
            if code in table.cmap:
                table.cmap[code] = mapping.get(table.cmap[code], table.cmap[code])

    options = subset.Options()
    # No contextual alternates: their glyphs have no character, and a PDF would lose "=" and ":".
    options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl"]
    options.name_IDs = ["*"]
    options.hinting = False
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[code for first, last in RANGES for code in range(first, last + 1)])
    cutter.subset(font)

    postscript = f"{FAMILY.replace(' ', '')}-{style}"
    names = font["name"]
    for record in list(names.names):
        if record.nameID in (16, 17, 21, 22, 25) or record.nameID >= 256:
            names.removeNames(nameID=record.nameID)
    regular = style == "Regular"
    names.setName(FAMILY if regular else f"{FAMILY} {style}", 1, 3, 1, 0x409)
    names.setName("Regular", 2, 3, 1, 0x409)
    names.setName(f"{postscript}; changed from Inter {source.stem}", 3, 3, 1, 0x409)
    names.setName(f"{FAMILY} {style}", 4, 3, 1, 0x409)
    names.setName(postscript, 6, 3, 1, 0x409)
    names.setName(FAMILY, 16, 3, 1, 0x409)
    names.setName(style, 17, 3, 1, 0x409)
    if "CFF " in font:
        cff = font["CFF "].cff
        cff.fontNames = [postscript]
        top = cff.topDictIndex[0]
        top.FamilyName, top.FullName, top.Weight = FAMILY, f"{FAMILY} {style}", style
    font.save(target)


def main() -> None:
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    for style, stem in WEIGHTS.items():
        make(source / f"Inter-{stem}.otf", target / f"InterStudio-{style}.otf", style)


if __name__ == "__main__":
    main()
