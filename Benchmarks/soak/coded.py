"""Small pictures whose four corners show which picture it is, and its orientation. Each corner is a block of one of six
colours, with four different colours per picture. A rendition shows the corners as well as the original does."""

import io
import itertools
import math
import random
import struct
import zlib
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageOps

PALETTE = [(220, 30, 40), (30, 170, 60), (40, 70, 220), (240, 215, 40), (225, 60, 220), (245, 245, 245)]
# Every choice of four colours, each in one arrangement. So no rotation or flip of one looks like another choice.
CHOICES = [tuple(choice) for choice in itertools.combinations(range(len(PALETTE)), 4)]
MARK = b"soak-0000000000000000"
MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "AVIF": "image/avif"}
# Format, width, height, grain, and the options of the encoder: 20 to 200 KB each.
BASES = [
    ("JPEG", 400, 300, 16, {"quality": 75}), ("JPEG", 640, 480, 24, {"quality": 80}),
    ("JPEG", 800, 600, 30, {"quality": 82, "progressive": True}), ("JPEG", 1024, 768, 12, {"quality": 70}),
    ("JPEG", 480, 720, 50, {"quality": 90}), ("JPEG", 960, 540, 40, {"quality": 88, "subsampling": "4:4:4"}),
    ("JPEG", 512, 512, 20, {"quality": 80}), ("JPEG", 360, 480, 20, {"quality": 70}),
    ("PNG", 160, 120, 12, {}), ("PNG", 320, 240, 6, {}),
    ("WEBP", 480, 360, 20, {"quality": 75, "method": 2}), ("WEBP", 800, 533, 30, {"quality": 80, "method": 2}),
]


@dataclass(frozen=True)
class Picture:
    """A file that contains a serial number, so that no two have the same bytes."""

    base: "Base"
    serial: int

    @property
    def body(self):
        mark = MARK[:5] + b"%016d" % self.serial
        file, place = self.base.file, self.base.place
        marked = bytearray(file)
        marked[place:place + len(mark)] = mark
        if self.base.format == "PNG":
            # The chunk of the text: its type of four letters and the keyword come before the mark, and its checksum
            # after it.
            start, end = place - len(b"tEXtComment\0"), place + len(mark)
            marked[end:end + 4] = struct.pack(">I", zlib.crc32(bytes(marked[start:end])))
        return bytes(marked)


@dataclass(frozen=True, eq=False)
class Base:
    format: str
    file: bytes
    place: int
    corners: tuple


def bank(seed):
    """Every base picture in every choice of colours."""
    generator = random.Random(seed)
    return [_base(generator, choice, *recipe) for recipe in BASES for choice in CHOICES]


def _base(generator, choice, format, width, height, grain, options):
    corners = list(choice)
    generator.shuffle(corners)
    image = Image.merge("RGB", [
        Image.linear_gradient("L").rotate(generator.choice((0, 90, 180, 270))).resize((width, height))
        for _ in range(3)
    ])
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y, radius = generator.random() * width, generator.random() * height, generator.random() * height / 3
        color = tuple(generator.randrange(256) for _ in range(3))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)
    noise = Image.effect_noise((width, height), grain).convert("RGB")
    image = Image.blend(image, noise, 0.5)
    draw = ImageDraw.Draw(image)
    across, down = width // 4, height // 4
    places = [(0, 0), (width - across, 0), (width - across, height - down), (0, height - down)]
    for color, (x, y) in zip(corners, places):
        draw.rectangle((x, y, x + across - 1, y + down - 1), fill=PALETTE[color])
    return Base(format, *_encode(image, format, options), tuple(corners))


def _encode(image, format, options):
    output = io.BytesIO()
    if format == "JPEG":
        image.save(output, format, comment=MARK, **options)
        file = output.getvalue()
    elif format == "WEBP":
        image.save(output, format, xmp=MARK, **options)
        file = output.getvalue()
    else:
        image.save(output, format, compress_level=4)
        # After the header's chunk, which ends at byte 33.
        text = b"tEXtComment\0" + MARK
        chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
        file = output.getvalue()
        file = file[:33] + chunk + file[33:]
    return file, file.index(MARK)


def rotated(corners, degrees=0, flip=None):
    """The corners, clockwise from the top left, after a clockwise rotation and then a flip."""
    steps = degrees // 90
    corners = tuple(corners[(index - steps) % 4] for index in range(4))
    if flip == "horizontal":
        corners = (corners[1], corners[0], corners[3], corners[2])
    elif flip == "vertical":
        corners = (corners[3], corners[2], corners[1], corners[0])
    return corners


def read(body):
    """Format, width, height and corners of a picture as it is displayed. Raises if it does not decode to its end."""
    with Image.open(io.BytesIO(body)) as opened:
        format = opened.format
        image = ImageOps.exif_transpose(opened.convert("RGB"))
    width, height = image.size
    corners = []
    for x, y in ((0.125, 0.125), (0.875, 0.125), (0.875, 0.875), (0.125, 0.875)):
        left, top = x * width, y * height
        reach_x, reach_y = max(1, width / 16), max(1, height / 16)
        block = image.crop((int(left - reach_x / 2), int(top - reach_y / 2),
                            math.ceil(left + reach_x / 2), math.ceil(top + reach_y / 2)))
        mean = block.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
        corners.append(min(range(len(PALETTE)), key=lambda index: sum(
            (a - b) ** 2 for a, b in zip(PALETTE[index], mean))))
    return format, width, height, tuple(corners)
