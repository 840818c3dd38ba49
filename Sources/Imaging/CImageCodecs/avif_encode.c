#include "tt_avif.h"

#include <stdio.h>

#include <avif/avif.h>

static tt_status status_of(avifResult result) {
    switch (result) {
    case AVIF_RESULT_OK:
        return TT_OK;
    case AVIF_RESULT_OUT_OF_MEMORY:
        return TT_NO_MEMORY;
    case AVIF_RESULT_NO_CODEC_AVAILABLE:
        return TT_UNSUPPORTED;
    default:
        return TT_INTERNAL_ERROR;
    }
}

static tt_status fill(avifImage *image, const uint8_t *pixels, uint32_t channels) {
    image->colorPrimaries = AVIF_COLOR_PRIMARIES_BT709;
    image->transferCharacteristics = AVIF_TRANSFER_CHARACTERISTICS_SRGB;
    image->matrixCoefficients = AVIF_MATRIX_COEFFICIENTS_BT601;
    image->yuvRange = AVIF_RANGE_FULL;
    // libavif's pointers are not const, but an encoder only reads them.
    uint8_t *samples = (uint8_t *)(uintptr_t)pixels;
    if (channels == 1) {
        image->yuvPlanes[AVIF_CHAN_Y] = samples;
        image->yuvRowBytes[AVIF_CHAN_Y] = image->width;
        image->imageOwnsYUVPlanes = AVIF_FALSE;
        return TT_OK;
    }
    avifRGBImage rgb;
    avifRGBImageSetDefaults(&rgb, image);
    rgb.depth = 8;
    rgb.format = channels == 4 ? AVIF_RGB_FORMAT_RGBA : AVIF_RGB_FORMAT_RGB;
    rgb.pixels = samples;
    rgb.rowBytes = image->width * channels;
    return status_of(avifImageRGBToYUV(image, &rgb));
}

static tt_status encode(
    avifEncoder *encoder, avifImage *image, tt_avif_settings settings, const uint8_t *exif, size_t exif_count,
    tt_buffer *out) {
    encoder->codecChoice = AVIF_CODEC_CHOICE_AOM;
    encoder->maxThreads = 1;
    encoder->speed = settings.speed;
    encoder->minQuantizer = AVIF_QUANTIZER_BEST_QUALITY;
    encoder->maxQuantizer = AVIF_QUANTIZER_WORST_QUALITY;
    encoder->minQuantizerAlpha = settings.alpha_level;
    encoder->maxQuantizerAlpha = settings.alpha_level;
    char level[16];
    snprintf(level, sizeof level, "%d", settings.level);
    avifEncoderSetCodecSpecificOption(encoder, "color:end-usage", "q");
    avifEncoderSetCodecSpecificOption(encoder, "color:cq-level", level);
    avifEncoderSetCodecSpecificOption(encoder, "color:tune", "ssim");
    if (exif != NULL && exif_count > 0) avifImageSetMetadataExif(image, exif, exif_count);
    avifRWData file = AVIF_DATA_EMPTY;
    tt_status status = status_of(avifEncoderWrite(encoder, image, &file));
    if (status == TT_OK) status = tt_buffer_append(out, file.data, file.size);
    avifRWDataFree(&file);
    return status;
}

tt_status tt_avif_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, tt_avif_settings settings,
    const uint8_t *exif, size_t exif_count, const tt_cancel *cancel, tt_buffer *out) {
    if (channels != 1 && channels != 3 && channels != 4) return TT_INTERNAL_ERROR;
    if (settings.level < 0 || settings.level > 63 || settings.alpha_level < 0 || settings.alpha_level > 63)
        return TT_INTERNAL_ERROR;
    if (width == 0 || height == 0 || width > 65536 || height > 65536) return TT_TOO_LARGE;
    if (tt_cancel_is_set(cancel)) return TT_CANCELLED;
    avifPixelFormat format = channels == 1 ? AVIF_PIXEL_FORMAT_YUV400
        : settings.full_chroma ? AVIF_PIXEL_FORMAT_YUV444 : AVIF_PIXEL_FORMAT_YUV420;
    avifImage *image = avifImageCreate(width, height, 8, format);
    avifEncoder *encoder = avifEncoderCreate();
    tt_status status = image == NULL || encoder == NULL ? TT_NO_MEMORY : fill(image, pixels, channels);
    if (status == TT_OK) status = encode(encoder, image, settings, exif, exif_count, out);
    if (encoder != NULL) avifEncoderDestroy(encoder);
    if (image != NULL) avifImageDestroy(image);
    return status == TT_OK && tt_cancel_is_set(cancel) ? TT_CANCELLED : status;
}
