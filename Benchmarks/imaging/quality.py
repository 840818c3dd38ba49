"""Compares our reductions and libvips' with a reference: Lanczos with three lobes in doubles, both axes at once.

    quality.py <render binary> [--pictures FOLDER]

Prints SSIM (Wang et al. 2004: Gaussian window of 1.5 pixels, on luma) and the mean difference, ours and libvips'. Both
make PNGs, so that only the reduction is compared.
"""

import argparse
import os

os.environ["VIPS_CONCURRENCY"] = "1"
import numpy  # noqa: E402
import pyvips  # noqa: E402

import pictures  # noqa: E402
from measure import Ours  # noqa: E402


def weights(size, wanted):
    """A row of weights for every sample of the result."""
    scale = size / wanted
    centres = (numpy.arange(wanted) + 0.5) * scale
    x = (numpy.arange(size) + 0.5 - centres[:, None]) / max(scale, 1)
    table = numpy.where(numpy.abs(x) < 3, numpy.sinc(x) * numpy.sinc(x / 3), 0)
    return table / table.sum(axis=1, keepdims=True)


def reference(image, width, height):
    rows, columns = weights(image.shape[0], height), weights(image.shape[1], width)
    bands = [numpy.clip(rows @ image[:, :, band] @ columns.T, 0, 255) for band in range(image.shape[2])]
    return numpy.stack(bands, axis=2)


def luma(image):
    return image[:, :, 0] if image.shape[2] < 3 else image[:, :, :3] @ [0.299, 0.587, 0.114]


def blur(image):
    bell = numpy.exp(-(numpy.arange(-5, 6) ** 2) / (2 * 1.5**2))
    bell /= bell.sum()
    rows, columns = image.shape[0] - 10, image.shape[1] - 10
    image = sum(weight * image[shift : shift + rows] for shift, weight in enumerate(bell))
    return sum(weight * image[:, shift : shift + columns] for shift, weight in enumerate(bell))


def ssim(one, other):
    a, b = luma(one), luma(other)
    mean_a, mean_b = blur(a), blur(b)
    var_a, var_b = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2
    both = blur(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    map_ = (2 * mean_a * mean_b + c1) * (2 * both + c2) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
    return map_.mean()


def pixels(image):
    return image.numpy().reshape(image.height, image.width, image.bands).astype(float)


def zone_plate(path):
    """Rings from the lowest frequency in the middle to the highest at the edges."""
    pyvips.Image.zone(2000, 2000).linear(127.5, 127.5).cast("uchar").pngsave(path, strip=True)


def text(path):
    line = "Quick brown foxes jump over lazy dogs; 0123456789 (italic) Il1|! "
    page = "\n".join(line[i % 20 :] + line for i in range(60))
    image = pyvips.Image.text(page, dpi=200, font="sans 10").invert()
    image.embed(40, 40, image.width + 80, image.height + 80, extend="white").pngsave(path, strip=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--pictures", default="/tmp/tintype-pictures")
    arguments = parser.parse_args()
    known = pictures.make(arguments.pictures)
    cases = {name: known[name] for name in ["phone 12 MP", "Elephants, progressive"]}
    for name, make in {"zone plate": zone_plate, "text": text}.items():
        cases[name] = os.path.join(arguments.pictures, name.replace(" ", "-") + ".png")
        if not os.path.exists(cases[name]):
            make(cases[name])
    ours = Ours(arguments.binary)
    worse = 0
    print("| picture | width | SSIM | libvips | mean difference | libvips | holds |\n|---|---|---|---|---|---|---|")
    for name, path in cases.items():
        original = pixels(pyvips.Image.new_from_file(path))
        for width in [200, 400, 700, 1200]:
            file = os.path.join(arguments.pictures, "ours.png")
            ours.render(path, width, "png")
            ours.save(file)
            mine = pixels(pyvips.Image.new_from_file(file))
            theirs = pixels(pyvips.Image.thumbnail(path, width, height=10_000_000, size="down"))
            wanted = reference(original, mine.shape[1], mine.shape[0])
            a, b = ssim(mine, wanted), ssim(theirs, wanted)
            worse += a < b
            print(
                f"| {name} | {width} | {a:.5f} | {b:.5f} | {numpy.abs(mine - wanted).mean():.3f} "
                f"| {numpy.abs(theirs - wanted).mean():.3f} | {'yes' if a >= b else '**no**'} |", flush=True)
    raise SystemExit(1 if worse else 0)


if __name__ == "__main__":
    main()
