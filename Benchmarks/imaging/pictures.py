"""The pictures for the measurements, made from one of Debian's wallpapers (package mate-backgrounds)."""

import os
import shutil

import pyvips

WALLPAPER = "/usr/share/backgrounds/mate/abstract/Elephants_5640x3172.jpg"


def make(folder):
    """Writes the missing pictures into `folder`. Returns names and paths."""
    os.makedirs(folder, exist_ok=True)
    paths = {
        "phone 12 MP": "phone.jpg",
        "Elephants, progressive": "elephants.jpg",
        "baseline 20 MP": "camera.jpg",
        "PNG 1920x1200 RGBA": "alpha.png",
        "WebP 4096x4096 lossless": "lossless.webp",
    }
    paths = {name: os.path.join(folder, file) for name, file in paths.items()}
    makers = [_phone, _copy, _camera, _png, _webp]
    for path, maker in zip(paths.values(), makers):
        if not os.path.exists(path):
            maker(path)
    return paths


def make_opaque(folder):
    """Photos that can have an intermediate, written like those of `make`."""
    known = make(folder)
    names = ["phone 12 MP", "baseline 20 MP", "Elephants, progressive"]
    paths = {name: known[name] for name in names}
    paths["PNG 12 MP"] = os.path.join(folder, "opaque.png")
    if not os.path.exists(paths["PNG 12 MP"]):
        _scaled(4000, 3000).pngsave(paths["PNG 12 MP"], strip=True)
    paths["WebP 4096x4096 lossless"] = known["WebP 4096x4096 lossless"]
    return paths


def _scaled(width, height):
    """The middle of the wallpaper with these proportions, at this size."""
    image = pyvips.Image.new_from_file(WALLPAPER)
    return image.thumbnail_image(width, height=height, size="both", crop="centre")


def _phone(path):
    _scaled(4000, 3000).jpegsave(path, Q=90, subsample_mode="on", strip=True)


def _copy(path):
    shutil.copyfile(WALLPAPER, path)


def _camera(path):
    _scaled(5472, 3648).jpegsave(path, Q=93, subsample_mode="off", strip=True)


def _png(path):
    image = _scaled(1920, 1200)
    # A soft round window: transparent corners, and many alpha values in between.
    alpha = pyvips.Image.gaussmat(400, 0.2).resize(1920 / pyvips.Image.gaussmat(400, 0.2).width, vscale=1)
    alpha = alpha.thumbnail_image(1920, height=1200, size="force").linear(2, 0)
    alpha = (alpha > 255).ifthenelse(255, alpha).cast("uchar")
    image.bandjoin(alpha).pngsave(path, strip=True)


def _webp(path):
    _scaled(4096, 4096).webpsave(path, lossless=True, effort=4, strip=True)
