"""The pictures of docs/gallery.md, drawn again by the code on that page into docs/pictures/."""

import io
import re
import time
from pathlib import Path

import numpy as np
from common import options

PAGE = Path(__file__).resolve().parents[1] / "docs" / "gallery.md"
WIDTH = 800  # pixels
COLOURS = 256  # of a palette: nobody sees the difference, and files are half as large
BLOCK = re.compile(r"```python\n(.*?)```(?:\n\n!\[[^\]]*\]\(pictures/(\w+)\.png\))?", re.DOTALL)


def png(axes):
    """The bytes of the picture that these axes, or this array of them, are in."""
    from PIL import Image  # matplotlib brings it

    figure = np.ravel(np.array(axes, object))[0].figure
    written, small = io.BytesIO(), io.BytesIO()
    figure.savefig(written, dpi=WIDTH / figure.get_size_inches()[0])
    picture = Image.open(written).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    picture.save(small, format="PNG", optimize=True)
    return small.getvalue()


def main():
    args = options(__doc__)
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    beginning = "".join(code for code, name in blocks if not name)
    known = {}
    exec(beginning, known)
    pictures = [(code, name) for code, name in blocks if name]
    print(f"{'picture':<32}{'seconds':>9}{'kB':>7}")
    for code, name in pictures[:3] if args.quick else pictures:
        clock, names = time.perf_counter(), dict(known)
        exec(code, names)
        image = png(names["ax"])
        if not args.quick:
            path = PAGE.parent / "pictures" / f"{name}.png"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(image)
        print(f"{name:<32}{time.perf_counter() - clock:>9.1f}{len(image) / 1e3:>7.1f}")


if __name__ == "__main__":
    main()
