"""Golden pictures for SwiftletMedia and SwiftletData: files in every format with the pixels Pillow reads from them, and the results of Pillow's
resizing, tone, enhancement and affine operations and of timm's RandAugment operations.

    pip install pillow numpy && pip install --no-deps timm && python tools/goldens/images.py

Written with Pillow 13.0, numpy 2.4, timm 1.0. Pictures are drawn from seed 7. Formats are safetensors files of bytes.
"""

import importlib.util
import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

TESTS = Path(__file__).resolve().parents[2] / "Tests"
WIDTH, HEIGHT = 37, 29


def save(path, arrays):
    """A safetensors file of unsigned bytes."""
    header, data = {}, b""
    for name, array in arrays.items():
        raw = array if isinstance(array, bytes) else np.ascontiguousarray(array, np.uint8).tobytes()
        shape = [len(raw)] if isinstance(array, bytes) else list(array.shape)
        header[name] = {"dtype": "U8", "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    print(path, path.stat().st_size)


def picture(width=WIDTH, height=HEIGHT, seed=7):
    """Smooth waves with an edge and a little noise: chroma, gradients and detail, and every direction distinguishable."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / np.array([[[height]], [[width]]])
    planes = []
    for _ in range(3):
        a, b, c, d = random.uniform(1, 7, 4)
        planes.append(128 + 60 * np.sin(a * x + b * y + c) + 45 * np.cos(d * x - c * y))
    image = np.stack(planes, -1)
    image[height // 3 :, : width // 4] += (60, -50, 20)
    image += random.normal(0, 6, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_bytes(samples, colour_type, interlaced=False):
    """A PNG of 8 or 16-bit samples [height, width, channels], unfiltered; Pillow writes neither 16-bit colour nor Adam7."""
    height, width, _ = samples.shape
    depth = samples.dtype.itemsize * 8
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows = b""
    for x, y, step_x, step_y in passes if interlaced else [(0, 0, 1, 1)]:
        part = samples[y::step_y, x::step_x]
        if part.size:
            rows += b"".join(b"\0" + row.astype(samples.dtype.newbyteorder(">")).tobytes() for row in part)
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")


def encoded(image, **options):
    file = io.BytesIO()
    image.save(file, **options)
    return file.getvalue()


def formats():
    rgb = Image.fromarray(picture())
    grey = rgb.convert("L")
    small = Image.fromarray(picture(11, 7))
    files = {
        "420.jpg": encoded(rgb, format="JPEG", quality=80, subsampling=2),
        "422.jpg": encoded(rgb, format="JPEG", quality=80, subsampling=1),
        "444.jpg": encoded(rgb, format="JPEG", quality=95, subsampling=0),
        "progressive.jpg": encoded(rgb, format="JPEG", quality=85, progressive=True),
        "restarts.jpg": encoded(rgb, format="JPEG", quality=80, restart_marker_blocks=2),
        "grey.jpg": encoded(grey, format="JPEG", quality=85),
        "cmyk.jpg": encoded(rgb.convert("CMYK"), format="JPEG", quality=90),
        "rgb.png": encoded(rgb, format="PNG"),
        "rgba.png": encoded(Image.merge("RGBA", [*rgb.split(), grey]), format="PNG"),
        "grey.png": encoded(grey, format="PNG"),
        "grey-alpha.png": encoded(Image.merge("LA", [grey, grey]), format="PNG"),
        "palette.png": encoded(rgb.quantize(23), format="PNG"),
        "palette-2-bits.png": encoded(rgb.quantize(4), format="PNG", bits=2),
        "1-bit.png": encoded(rgb.convert("1"), format="PNG"),
        "24-bit.bmp": encoded(rgb, format="BMP"),
        "lossless.webp": encoded(rgb, format="WEBP", lossless=True),
        "lossy.webp": encoded(rgb, format="WEBP", quality=80),
    }
    # Pillow writes no YCCK: four planes saved as CMYK (which inverts them), renamed by the Adobe marker's last byte and the components' numbers.
    ink = Image.fromarray(255 - picture()).convert("YCbCr")
    key = Image.fromarray(np.tile(np.linspace(140, 255, WIDTH).astype(np.uint8), (HEIGHT, 1)))
    planes = Image.merge("CMYK", [ImageOps.invert(plane) for plane in [*ink.split(), key]])
    file = bytearray(encoded(planes, format="JPEG", quality=95))
    file[file.index(b"Adobe") + 11] = 2
    for i in range(4):
        file[file.index(b"\xff\xc0") + 10 + 3 * i] = i + 1
        file[file.index(b"\xff\xda") + 5 + 2 * i] = i + 1
    files["ycck.jpg"] = bytes(file)
    pixels = {name: np.asarray(Image.open(io.BytesIO(file)).convert("RGB")) for name, file in files.items()}

    wide = picture().astype(np.uint16) * 256 + np.random.default_rng(8).integers(0, 256, picture().shape, dtype=np.uint16)
    files["16-bit.png"] = png_bytes(wide, 2)
    files["16-bit-grey.png"] = png_bytes(wide[..., :1], 0)
    files["interlaced.png"] = png_bytes(picture(), 2, interlaced=True)
    pixels["16-bit.png"] = pixels["interlaced.png"] = picture()
    pixels["16-bit-grey.png"] = np.repeat(picture()[..., :1], 3, -1)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(files["interlaced.png"]))), picture())

    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        name = f"orientation-{orientation}.png"
        files[name] = encoded(small, format="PNG", exif=exif)
        pixels[name] = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(files[name]))))
    exif = Image.Exif()
    exif[0x0112] = 6
    files["orientation-6.jpg"] = encoded(rgb, format="JPEG", quality=90, exif=exif)
    pixels["orientation-6.jpg"] = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(files["orientation-6.jpg"]))))

    grey_pixels = {"grey of 444.jpg": np.asarray(Image.open(io.BytesIO(files["444.jpg"])).convert("L"))}
    save(
        TESTS / "SwiftletMediaTests/Goldens/formats.safetensors",
        {f"file/{k}": v for k, v in files.items()} | {f"pixels/{k}": v for k, v in pixels.items()} | grey_pixels,
    )


def operations():
    rgb = Image.fromarray(picture())
    arrays = {"input": picture()}
    for name, filter in [("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)]:
        for width, height in [(16, 12), (37, 50), (80, 29), (7, 61), (1, 1)]:
            arrays[f"resize/{name}/{width}x{height}"] = rgb.resize((width, height), filter)
        arrays[f"resize box/{name}/20x24"] = rgb.resize((20, 24), filter, box=(3.5, 2.25, 30.75, 27))
    arrays["invert"] = ImageOps.invert(rgb)
    for bits in (1, 3, 7, 8):
        arrays[f"posterize/{bits}"] = ImageOps.posterize(rgb, bits)
    for threshold in (0, 100, 256):
        arrays[f"solarize/{threshold}"] = ImageOps.solarize(rgb, threshold)
    arrays["autocontrast"] = ImageOps.autocontrast(rgb)
    arrays["equalize"] = ImageOps.equalize(rgb)
    for factor in (0.1, 0.6, 1.0, 1.9):
        arrays[f"brightness/{factor}"] = ImageEnhance.Brightness(rgb).enhance(factor)
        arrays[f"contrast/{factor}"] = ImageEnhance.Contrast(rgb).enhance(factor)
        arrays[f"saturation/{factor}"] = ImageEnhance.Color(rgb).enhance(factor)
        arrays[f"sharpness/{factor}"] = ImageEnhance.Sharpness(rgb).enhance(factor)
    for name, filter in [("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)]:
        arrays[f"rotate/{name}"] = rgb.rotate(17, filter, fillcolor=(10, 20, 30))
        arrays[f"affine/{name}"] = rgb.transform(
            rgb.size, Image.AFFINE, (1.1, 0.2, -3.3, -0.15, 0.9, 2.2), filter, fillcolor=(10, 20, 30)
        )
    save(TESTS / "SwiftletMediaTests/Goldens/operations.safetensors", {k: np.asarray(v) for k, v in arrays.items()})


def hue():
    """Colours of every kind, turned as torchvision's adjust_hue turns Pillow's images."""
    random = np.random.default_rng(9)
    pixels = random.integers(0, 256, (32, 64, 3), dtype=np.uint8)
    pixels[:4] = random.choice(np.array([0, 1, 127, 128, 254, 255], dtype=np.uint8), (4, 64, 3))
    pixels[4, :, 1] = pixels[4, :, 0]  # two alike
    pixels[5] = pixels[5, :, :1]  # grey
    arrays = {"input": pixels}
    for turns in (-0.5, -0.21, 0.0, 0.1, 0.37, 0.5):
        h, s, v = Image.fromarray(pixels).convert("HSV").split()
        turned = np.asarray(h) + np.array(turns * 255).astype(np.int32).astype(np.uint8)
        image = Image.merge("HSV", (Image.fromarray(turned), s, v)).convert("RGB")
        arrays[f"{turns}"] = np.asarray(image)
    save(TESTS / "SwiftletMediaTests/Goldens/hue.safetensors", arrays)


def rand_augment():
    """Every operation at three magnitudes and on both sides, as timm applies it."""
    package = importlib.util.find_spec("timm").submodule_search_locations[0]
    spec = importlib.util.spec_from_file_location("auto_augment", f"{package}/data/auto_augment.py")
    timm = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(timm)
    rgb = Image.fromarray(picture(32, 32))
    arrays = {"input": np.asarray(rgb)}
    ours = {
        "AutoContrast": "autocontrast", "Equalize": "equalize", "Invert": "invert", "Rotate": "rotate",
        "PosterizeIncreasing": "posterize", "SolarizeIncreasing": "solarize", "SolarizeAdd": "solarizeAdd",
        "ColorIncreasing": "saturation", "ContrastIncreasing": "contrast", "BrightnessIncreasing": "brightness",
        "SharpnessIncreasing": "sharpness", "ShearX": "shearX", "ShearY": "shearY", "TranslateXRel": "translateX",
        "TranslateYRel": "translateY",
    }  # fmt: skip
    assert set(ours) == set(timm._RAND_INCREASING_TRANSFORMS)
    for theirs, name in ours.items():
        for magnitude in (2, 6, 9):
            for sign in (1, -1):
                timm._randomly_negate = lambda value, sign=sign: sign * value
                operation = timm.AugmentOp(
                    theirs, prob=1, magnitude=magnitude, hparams=dict(img_mean=(124, 116, 104), interpolation=Image.BICUBIC)
                )
                arrays[f"{name}/{magnitude}/{sign}"] = np.asarray(operation(rgb))
    save(TESTS / "SwiftletDataTests/Goldens/rand-augment.safetensors", arrays)


if __name__ == "__main__":
    formats()
    operations()
    hue()
    rand_augment()
