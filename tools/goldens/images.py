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


def jpeg_segments(file):
    """The start, each segment, and the scan with all that follows."""
    parts, at = [file[:2]], 2
    while file[at + 1] != 0xDA:
        length = 2 + struct.unpack(">H", file[at + 2 : at + 4])[0]
        parts.append(file[at : at + length])
        at += length
    return [*parts, file[at:]]


def segment(marker, body):
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def exif_block(order="<", kind=3, value=6, count=1, before=(), after=(), magic=None, start=8):
    """A TIFF structure whose first directory holds the orientation in a given type, among other tags."""
    code = {1: "B", 2: "B", 3: "H", 4: "I", 5: "II", 6: "b", 7: "B", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d", 13: "I"}[kind]
    values = ([value, 1] if len(code) == 2 else [value]) * count
    tags = [(tag, 2, 12, b"some camera\0") for tag in before]
    tags += [(0x0112, kind, count, struct.pack(order + code * count, *values))]
    tags += [(tag, 2, 12, b"some editor\0") for tag in after]
    entries, tail, place = b"", b"", start + 2 + 12 * len(tags) + 4
    for tag, kind, count, raw in tags:
        inside = raw.ljust(4, b"\0") if len(raw) <= 4 else struct.pack(order + "I", place + len(tail))
        entries += struct.pack(order + "HHI", tag, kind, count) + inside
        tail += raw if len(raw) > 4 else b""
    head = (b"II" if order == "<" else b"MM") + (magic or struct.pack(order + "H", 42)) + struct.pack(order + "I", start)
    return head.ljust(start, b"\0") + struct.pack(order + "H", len(tags)) + entries + b"\0\0\0\0" + tail


def variants():
    """Files as cameras, editors and the web leave them: orientation in every form, junk, unnamed channels, and less common formats."""
    rgb = Image.fromarray(picture(11, 7))
    grey, black = rgb.convert("L"), rgb.convert("1")
    files = {}
    start, *segments, scan = jpeg_segments(encoded(rgb, format="JPEG", quality=90))
    png = encoded(rgb, format="PNG")
    webp = encoded(rgb, format="WEBP", lossless=True)

    def jpeg(*extra):
        return start + b"".join(segment(marker, body) for marker, body in extra) + b"".join(segments) + scan

    def png_with(kind, data, last=False):
        at = len(png) - 12 if last else 33
        return png[:at] + png_chunk(kind, data) + png[at:]

    def webp_with(kind, data):
        header = struct.pack("<4sIIHBHB", b"VP8X", 10, 12, rgb.width - 1, 0, rgb.height - 1, 0)
        body = header + webp[12:] + kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
        return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body

    name = b"Exif\0\0"
    blocks = {}
    for order, text in (("<", "little"), (">", "big")):
        for kind in range(1, 14):
            blocks[f"{text} type {kind}"] = exif_block(order, kind, 6 if kind % 2 else 8)
        for value in (0, 1, 2, 3, 4, 5, 7, 9):
            blocks[f"{text} value {value}"] = exif_block(order, 3, value)
        blocks[f"{text} long 9"] = exif_block(order, 4, 9)
        for count in (0, 2, 3):
            blocks[f"{text} count {count}"] = exif_block(order, 3, 6, count)
        blocks[f"{text} among others"] = exif_block(order, 3, 8, before=(0x10F, 0x110), after=(0x131,))
        blocks[f"{text} far directory"] = exif_block(order, 3, 8, start=40)
        blocks[f"{text} other 42"] = exif_block(order, 3, 5, magic=b"\0*" if order == "<" else b"*\0")
    for text, block in blocks.items():
        files[f"exif {text}.jpg"] = jpeg((0xE1, name + block))
    for text in ("little type 4", "big type 3", "big among others", "little far directory"):
        files[f"exif {text}.png"] = png_with(b"eXIf", blocks[text])
        files[f"exif {text}.webp"] = webp_with(b"EXIF", blocks[text])
    turned = name + blocks["big type 3"]
    files["exif with its name.png"] = png_with(b"eXIf", turned)
    files["exif with its name.webp"] = webp_with(b"EXIF", turned)
    files["exif behind the pixels.png"] = png_with(b"eXIf", turned[6:], last=True)
    digits = turned.hex()
    raw = f"\nexif\n{len(turned):8}\n" + "\n".join(digits[i : i + 72] for i in range(0, len(digits), 72)) + "\n"
    files["raw profile.png"] = png_with(b"tEXt", b"Raw profile type exif\0" + raw.encode())
    files["compressed raw profile.png"] = png_with(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(raw.encode()))
    files["exif last.jpg"] = start + b"".join(segments) + segment(0xE1, turned) + scan
    files["exif behind a comment.jpg"] = jpeg((0xFE, b"a comment"), (0xE2, b"a profile"), (0xE1, turned))
    files["two exif.jpg"] = jpeg((0xE1, turned), (0xE1, name + blocks["little value 3"]))
    space = b"http://ns.adobe.com/xap/1.0/\0"
    for kind, xmp in (
        ("attribute", b'<rdf:Description tiff:Orientation="8"/>'),
        ("element", b"<tiff:Orientation>8</tiff:Orientation>"),
    ):
        files[f"xmp {kind} alone.jpg"] = jpeg((0xE1, space + xmp))
        files[f"xmp {kind} before exif.jpg"] = jpeg((0xE1, space + xmp), (0xE1, turned))
        files[f"xmp {kind} behind exif.jpg"] = jpeg((0xE1, turned), (0xE1, space + xmp))
        other = (0xE1, turned.replace(b"\x01\x12", b"\x01\x0e"))
        files[f"xmp {kind} beside exif without orientation.jpg"] = jpeg(other, (0xE1, space + xmp))
        files[f"xmp {kind}.png"] = png_with(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)
        files[f"xmp {kind} compressed.png"] = png_with(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(xmp))
        files[f"xmp {kind}.webp"] = webp_with(b"XMP ", xmp)

    for text, junk in (("zeros", bytes(7)), ("text", b"left here"), ("stuffed", b"\xff\0\xff\0abc"), ("fill", b"\xff" * 3)):
        everywhere = start + segments[0] + b"".join(junk + part for part in [*segments[1:], scan])
        files[f"junk {text}.jpg"] = everywhere
    inks = encoded(rgb.convert("CMYK"), format="JPEG", quality=90)
    unnamed = [part for part in jpeg_segments(inks) if part[1] != 0xEE]
    files["cmyk without Adobe's marker.jpg"] = b"".join(unnamed)
    files["cmyk with JFIF's marker.jpg"] = start + segments[0] + b"".join(unnamed[1:])
    plain = encoded(rgb, format="JPEG", quality=95, keep_rgb=True)
    files["rgb.jpg"] = plain
    files["rgb without Adobe's marker.jpg"] = b"".join(part for part in jpeg_segments(plain) if part[1] != 0xEE)
    adobe = segment(0xEE, b"Adobe\0d\0\0\0\0\0")
    files["JFIF and Adobe's rgb.jpg"] = start + segments[0] + adobe + b"".join(segments[1:]) + scan
    files["two pictures.mpo"] = encoded(rgb, format="MPO", save_all=True, append_images=[grey])

    files["colour.gif"] = encoded(rgb, format="GIF")
    files["interlaced.gif"] = encoded(rgb.quantize(17), format="GIF", interlace=1)
    files["transparent.gif"] = encoded(rgb.quantize(16), format="GIF", transparency=3)
    files["animated.gif"] = encoded(rgb, format="GIF", save_all=True, append_images=[Image.fromarray(picture(11, 7, 3))], loop=0)
    for text in ("colour", "transparent"):
        files[f"{text} on a larger screen.gif"] = files[f"{text}.gif"][:6] + struct.pack("<HH", 20, 15) + files[f"{text}.gif"][10:]
    for kind, image in (
        ("rgb", rgb), ("grey", grey), ("bits", black), ("palette", rgb.quantize(30)), ("alpha", Image.merge("RGBA", [*rgb.split(), grey])),
        ("grey alpha", Image.merge("LA", [grey, grey])), ("cmyk", rgb.convert("CMYK")), ("ycbcr", rgb.convert("YCbCr")),
    ):  # fmt: skip
        for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
            files[f"{kind} {compression}.tif"] = encoded(image, format="TIFF", compression=compression)
    for compression in ("group3", "group4"):
        files[f"{compression}.tif"] = encoded(black, format="TIFF", compression=compression)
    files["predicted.tif"] = encoded(rgb, format="TIFF", compression="tiff_lzw", tiffinfo={317: 2})
    files["white is zero.tif"] = encoded(grey, format="TIFF", tiffinfo={262: 0})
    files["two pages.tif"] = encoded(rgb, format="TIFF", save_all=True, append_images=[grey])
    for orientation in range(1, 9):
        files[f"orientation {orientation}.tif"] = encoded(rgb, format="TIFF", tiffinfo={274: orientation})
    files["colour.ppm"], files["grey.pgm"], files["bits.pbm"] = (encoded(image, format="PPM") for image in (rgb, grey, black))
    files["text.ppm"] = b"P3\n# a comment\n2 2 255\n1 2 3 4 5 6\n7 8 9 10 11 12\n"
    files["text.pgm"], files["text.pbm"] = b"P2 3 1 255 1 2 255\n", b"P1 3 1 1 0 1\n"
    pixels = {name: np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(file))).convert("RGB")) for name, file in files.items()}
    save(
        TESTS / "SwiftletMediaTests/Goldens/variants.safetensors",
        {f"file/{k}": v for k, v in files.items()} | {f"pixels/{k}": v for k, v in pixels.items()},
    )


def windows():
    """What torchvision's Resize and CenterCrop make of Pillow's pictures: the shorter side, rounded down proportions, the middle rounded to even.

    Pillow 13 resizes the columns of some tall pictures first, which moves samples by a level; earlier versions and these pictures begin with the rows.
    """
    arrays = {}
    for name, width, height, side, crop in (
        ("wide", 97, 40, 32, 24), ("broad", 61, 29, 16, 16), ("enlarged", 13, 9, 48, 41), ("padded", 30, 20, 16, 20), ("thin", 3, 400, 20, 17),
    ):  # fmt: skip
        arrays[f"input/{name}"] = picture(width, height)
        for text, filter in (("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)):
            size = (side, side * height // width) if width <= height else (side * width // height, side)
            resized = Image.fromarray(picture(width, height)).resize(size, filter)
            left, top = round((size[0] - crop) / 2), round((size[1] - crop) / 2)
            arrays[f"{text}/{name}/{side}/{crop}"] = resized.crop((left, top, left + crop, top + crop))
    save(TESTS / "SwiftletMediaTests/Goldens/windows.safetensors", {k: np.asarray(v) for k, v in arrays.items()})


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
    variants()
    windows()
    operations()
    hue()
    rand_augment()
