#include "tt_avif.h"

#include <string.h>

#include <avif/avif.h>

static tt_status status_of(avifResult result) {
    switch (result) {
    case AVIF_RESULT_OK:
        return TT_OK;
    case AVIF_RESULT_INVALID_FTYP:
        return TT_NOT_AN_IMAGE;
    case AVIF_RESULT_UNSUPPORTED_DEPTH:
    case AVIF_RESULT_NO_CODEC_AVAILABLE:
    case AVIF_RESULT_NOT_IMPLEMENTED:
    case AVIF_RESULT_NO_AV1_ITEMS_FOUND:
        return TT_UNSUPPORTED;
    case AVIF_RESULT_TRUNCATED_DATA:
    case AVIF_RESULT_IO_ERROR:
        return TT_TRUNCATED;
    case AVIF_RESULT_OUT_OF_MEMORY:
        return TT_NO_MEMORY;
    case AVIF_RESULT_INVALID_ARGUMENT:
    case AVIF_RESULT_IO_NOT_SET:
        return TT_INTERNAL_ERROR;
    default:
        return TT_DAMAGED;
    }
}

// Converts the rows of the crop directly from libavif's RGB of 16 bits.
static tt_status convert_deep(
    const avifRGBImage *rgb, tt_crop crop, const tt_color *color, const tt_cancel *cancel, tt_pixels *pixels) {
    for (uint32_t y = 0; y < crop.height; y++) {
        if (tt_cancel_is_set(cancel)) return TT_CANCELLED;
        const uint8_t *row =
            rgb->pixels + (size_t)(crop.y + y) * rgb->rowBytes + (size_t)crop.x * pixels->channels * 2;
        tt_color_convert(color, row, pixels->data + (size_t)y * crop.width * pixels->channels, crop.width);
    }
    return TT_OK;
}

static bool is_deep(const avifImage *image, const tt_color *deep_color) {
    return deep_color != NULL && image->depth > 8;
}

static tt_status take_pixels(
    const avifImage *image, tt_crop crop, bool has_alpha, const tt_color *deep_color, const tt_cancel *cancel,
    tt_pixels *pixels) {
    uint32_t channels = has_alpha ? 4 : 3;
    bool is_whole = crop.width == image->width && crop.height == image->height;
    bool goes_deep = is_deep(image, deep_color);
    tt_status status = tt_pixels_allocate(pixels, crop.width, crop.height, channels, UINT64_MAX);
    if (status != TT_OK) return status;
    avifRGBImage rgb;
    avifRGBImageSetDefaults(&rgb, image);
    rgb.format = has_alpha ? AVIF_RGB_FORMAT_RGBA : AVIF_RGB_FORMAT_RGB;
    rgb.depth = goes_deep ? 16 : 8;
    uint64_t row_bytes = (uint64_t)image->width * channels * (goes_deep ? 2 : 1);
    if (row_bytes > UINT32_MAX || row_bytes > SIZE_MAX / 2 / image->height) return TT_TOO_LARGE;
    rgb.rowBytes = (uint32_t)row_bytes;
    uint8_t *whole = NULL;
    if (is_whole && !goes_deep) {
        rgb.pixels = pixels->data;
    } else {
        whole = tt_allocate((size_t)row_bytes * image->height);
        if (whole == NULL) return TT_NO_MEMORY;
        rgb.pixels = whole;
    }
    status = status_of(avifImageYUVToRGB(image, &rgb));
    if (status == TT_OK && goes_deep) {
        status = convert_deep(&rgb, crop, deep_color, cancel, pixels);
    } else if (status == TT_OK && !is_whole) {
        for (uint32_t y = 0; y < crop.height; y++)
            memcpy(
                pixels->data + (size_t)y * crop.width * channels,
                whole + (size_t)(crop.y + y) * row_bytes + (size_t)crop.x * channels, (size_t)crop.width * channels);
    }
    tt_free(whole);
    return status;
}

// The header's boxes followed by the file, read as one.
typedef struct joined_io {
    avifIO io;
    tt_avif_source source;
} joined_io;

static avifResult read_joined(struct avifIO *io, uint32_t flags, uint64_t offset, size_t size, avifROData *out) {
    const tt_avif_source *source = &((const joined_io *)io)->source;
    if (flags != 0) return AVIF_RESULT_IO_ERROR;
    const uint8_t *piece = source->header;
    size_t count = source->header_count;
    if (offset >= count) {
        offset -= count;
        piece = source->bytes;
        count = source->count;
    }
    if (offset > count) return AVIF_RESULT_IO_ERROR;
    // A read across the border ends there: no box and no item crosses it.
    size_t available = count - (size_t)offset;
    out->data = piece + offset;
    out->size = size < available ? size : available;
    return AVIF_RESULT_OK;
}

static tt_status decode(
    avifDecoder *decoder, joined_io *io, tt_crop crop, bool has_alpha, const tt_color *deep_color,
    const tt_cancel *cancel, tt_pixels *pixels, tt_avif_colors *colors) {
    // Only dav1d enforces a size limit on its pictures.
    if (avifCodecName(AVIF_CODEC_CHOICE_DAV1D, AVIF_CODEC_FLAG_CAN_DECODE) == NULL) return TT_UNSUPPORTED;
    const tt_avif_source *source = &io->source;
    if (source->maximum_item_pixels == 0 || source->maximum_item_pixels > 16384ull * 16384) return TT_TOO_LARGE;
    decoder->codecChoice = AVIF_CODEC_CHOICE_DAV1D;
    decoder->maxThreads = 1;
    decoder->imageSizeLimit = (uint32_t)source->maximum_item_pixels;
    decoder->ignoreExif = AVIF_TRUE;
    decoder->ignoreXMP = AVIF_TRUE;
    // What older writers omit does no harm here.
    decoder->strictFlags = AVIF_STRICT_DISABLED;
    avifDecoderSetSource(decoder, AVIF_DECODER_SOURCE_PRIMARY_ITEM);
    avifDecoderSetIO(decoder, &io->io);
    avifResult result = avifDecoderParse(decoder);
    if (result != AVIF_RESULT_OK) return status_of(result);
    if (decoder->image->width != source->width || decoder->image->height != source->height) return TT_DAMAGED;
    if (tt_cancel_is_set(cancel)) return TT_CANCELLED;
    result = avifDecoderNextImage(decoder);
    if (result != AVIF_RESULT_OK) return status_of(result);
    if (tt_cancel_is_set(cancel)) return TT_CANCELLED;
    const avifImage *image = decoder->image;
    if (image->width != source->width || image->height != source->height || image->yuvPlanes[0] == NULL
        || (image->alphaPlane != NULL) != has_alpha)
        return TT_DAMAGED;
    colors->primaries = image->colorPrimaries;
    colors->transfer = image->transferCharacteristics;
    colors->is_converted = is_deep(image, deep_color);
    return take_pixels(image, crop, has_alpha, deep_color, cancel, pixels);
}

tt_status tt_avif_decode(
    tt_avif_source source, tt_crop crop, bool has_alpha, const tt_color *deep_color, const tt_cancel *cancel,
    tt_pixels *pixels, tt_avif_colors *colors) {
    if (crop.width == 0 || crop.height == 0 || crop.width > source.width || crop.x > source.width - crop.width
        || crop.height > source.height || crop.y > source.height - crop.height
        || source.count > SIZE_MAX - source.header_count)
        return TT_INTERNAL_ERROR;
    joined_io io;
    memset(&io, 0, sizeof io);
    io.source = source;
    io.io.read = read_joined;
    io.io.sizeHint = source.header_count + source.count;
    io.io.persistent = AVIF_TRUE;
    avifDecoder *decoder = avifDecoderCreate();
    if (decoder == NULL) return TT_NO_MEMORY;
    tt_status status = decode(decoder, &io, crop, has_alpha, deep_color, cancel, pixels, colors);
    // It holds a pointer to `io`, which has no destructor.
    avifDecoderDestroy(decoder);
    if (status != TT_OK) {
        tt_free(pixels->data);
        pixels->data = NULL;
    }
    return status;
}
