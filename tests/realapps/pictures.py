"""Screenshots compared pixel by pixel, without what changes by itself."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageChops

#: What the channels of a pixel may differ in: fonts are not drawn quite alike each time.
TOLERANCE = 24


def share_that_differs(picture: Path, originals: list[Path]) -> float:
    """Return the share of pixels in which a picture is like none of the originals.

    Where the originals differ from each other a page changes by itself, so those pixels don't
    count.
    """
    if not picture.exists() or not all(original.exists() for original in originals):
        return 1.0
    shot = Image.open(picture).convert("RGB")
    others = [Image.open(original).convert("RGB") for original in originals]
    if any(other.size != shot.size for other in others):
        return 1.0
    mask = _differing(shot, others[0])
    for other in others[1:]:
        mask = ImageChops.darker(mask, _differing(shot, other))
        mask = ImageChops.subtract(mask, _differing(others[0], other))
    return mask.histogram()[255] / (shot.width * shot.height)


def _differing(one: Image.Image, other: Image.Image) -> Image.Image:
    """Return a picture that is white where two differ."""
    red, green, blue = ImageChops.difference(one, other).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return most.point(lambda value: 255 if value > TOLERANCE else 0)
