#include "tt_webp.h"

#include <string.h>

#include <webp/decode.h>
#include <webp/encode.h>

static tt_status status_of(VP8StatusCode code) {
    switch (code) {
    case VP8_STATUS_OK: return TT_OK;
    case VP8_STATUS_OUT_OF_MEMORY: return TT_NO_MEMORY;
    case VP8_STATUS_INVALID_PARAM: return TT_INTERNAL_ERROR;
    case VP8_STATUS_BITSTREAM_ERROR: return TT_DAMAGED;
    case VP8_STATUS_UNSUPPORTED_FEATURE: return TT_UNSUPPORTED;
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA: return TT_TRUNCATED;
    // Only libwebp itself aborts, for alpha that it could not decode. Whether we were cancelled, our own flag tells.
    case VP8_STATUS_USER_ABORT: return TT_DAMAGED;
    }
    return TT_INTERNAL_ERROR;
}

tt_status tt_webp_read_header(const uint8_t *source, size_t count, tt_webp_info *info) {
    if (count < 12 || memcmp(source, "RIFF", 4) != 0 || memcmp(source + 8, "WEBP", 4) != 0)
        return TT_NOT_AN_IMAGE;
    WebPBitstreamFeatures features;
    VP8StatusCode code = WebPGetFeatures(source, count, &features);
    if (code != VP8_STATUS_OK) return status_of(code);
    info->width = (uint32_t)features.width;
    info->height = (uint32_t)features.height;
    info->has_alpha = features.has_alpha != 0;
    info->is_animated = features.has_animation != 0;
    info->is_lossless = features.format == 2;
    return TT_OK;
}

// Bytes given to the decoder between two checks of the cancel flag.
enum { DECODE_STEP = 65536 };

tt_status tt_webp_decode(
    const uint8_t *source, size_t count, bool has_alpha, uint32_t denominator, uint64_t maximum_pixels,
    const tt_cancel *cancel, tt_pixels *pixels) {
    WebPDecoderConfig config;
    if (denominator == 0) return TT_INTERNAL_ERROR;
    if (!WebPInitDecoderConfig(&config)) return TT_INTERNAL_ERROR;
    VP8StatusCode code = WebPGetFeatures(source, count, &config.input);
    if (code != VP8_STATUS_OK) return status_of(code);
    if (config.input.has_animation) return TT_UNSUPPORTED;
    if (config.input.width <= 0 || config.input.height <= 0) return TT_DAMAGED;
    uint32_t channels = has_alpha ? 4 : 3;
    uint64_t width = (uint64_t)config.input.width, height = (uint64_t)config.input.height;
    if (width * height > maximum_pixels) return TT_TOO_LARGE;
    width = (width + denominator - 1) / denominator;
    height = (height + denominator - 1) / denominator;
    tt_status status = tt_pixels_allocate(pixels, width, height, channels, maximum_pixels);
    if (status != TT_OK) return status;
    if ((uint64_t)pixels->width * channels > INT32_MAX) {
        status = TT_TOO_LARGE;
    } else {
        config.options.use_scaling = denominator > 1;
        config.options.scaled_width = (int)width;
        config.options.scaled_height = (int)height;
        config.output.colorspace = channels == 4 ? MODE_RGBA : MODE_RGB;
        config.output.is_external_memory = 1;
        config.output.u.RGBA.rgba = pixels->data;
        config.output.u.RGBA.stride = (int)(pixels->width * channels);
        config.output.u.RGBA.size = (size_t)pixels->width * pixels->height * channels;
        WebPIDecoder *decoder = WebPIDecode(NULL, 0, &config);
        if (decoder == NULL) {
            status = TT_NO_MEMORY;
        } else {
            size_t given = 0;
            code = VP8_STATUS_SUSPENDED;
            while (given < count && code == VP8_STATUS_SUSPENDED && !tt_cancel_is_set(cancel)) {
                given = count - given > DECODE_STEP ? given + DECODE_STEP : count;
                code = WebPIUpdate(decoder, source, given);
            }
            WebPIDelete(decoder);
            status = tt_cancel_is_set(cancel) ? TT_CANCELLED : status_of(code);
        }
        WebPFreeDecBuffer(&config.output);
    }
    if (status != TT_OK) {
        tt_free(pixels->data);
        pixels->data = NULL;
    }
    return status;
}

typedef struct encode_state {
    tt_buffer *out;
    const tt_cancel *cancel;
    tt_status status;
} encode_state;

static int on_output(const uint8_t *bytes, size_t count, const WebPPicture *picture) {
    encode_state *state = picture->custom_ptr;
    state->status = tt_buffer_append(state->out, bytes, count);
    return state->status == TT_OK;
}

static int on_progress(int percent, const WebPPicture *picture) {
    (void)percent;
    encode_state *state = picture->custom_ptr;
    return !tt_cancel_is_set(state->cancel);
}

static tt_status encode_status(const encode_state *state, WebPEncodingError code) {
    switch (code) {
    case VP8_ENC_OK: return TT_OK;
    case VP8_ENC_ERROR_OUT_OF_MEMORY:
    case VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY: return TT_NO_MEMORY;
    case VP8_ENC_ERROR_BAD_DIMENSION:
    case VP8_ENC_ERROR_PARTITION0_OVERFLOW:
    case VP8_ENC_ERROR_PARTITION_OVERFLOW:
    case VP8_ENC_ERROR_FILE_TOO_BIG: return TT_TOO_LARGE;
    case VP8_ENC_ERROR_USER_ABORT: return tt_cancel_is_set(state->cancel) ? TT_CANCELLED : TT_INTERNAL_ERROR;
    case VP8_ENC_ERROR_BAD_WRITE: return state->status;
    default: return TT_INTERNAL_ERROR;
    }
}

tt_status tt_webp_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, float quality, bool is_lossless,
    int method, const tt_cancel *cancel, tt_buffer *out) {
    if (channels != 1 && channels != 3 && channels != 4) return TT_INTERNAL_ERROR;
    if (width > WEBP_MAX_DIMENSION || height > WEBP_MAX_DIMENSION) return TT_TOO_LARGE;
    WebPConfig config;
    WebPPicture picture;
    if (!WebPConfigInit(&config) || !WebPPictureInit(&picture)) return TT_INTERNAL_ERROR;
    config.quality = quality;
    config.method = method;
    config.alpha_quality = 100;
    // Tokens kept for a second pass take up to 22 bytes per pixel; without them coding takes half as long again.
    config.low_memory = (uint64_t)width * height > 4 * 1000 * 1000;
    if (is_lossless) {
        config.lossless = 1;
        config.exact = 1;
        config.quality = 75;
        picture.use_argb = 1;
    }
    if (!WebPValidateConfig(&config)) return TT_INTERNAL_ERROR;

    encode_state state = {.out = out, .cancel = cancel, .status = TT_INTERNAL_ERROR};
    picture.width = (int)width;
    picture.height = (int)height;
    picture.writer = on_output;
    picture.progress_hook = on_progress;
    picture.custom_ptr = &state;
    int imported = 0;
    uint8_t *colored = NULL;
    if (channels == 4) {
        imported = WebPPictureImportRGBA(&picture, pixels, (int)(width * 4));
    } else if (channels == 3) {
        imported = WebPPictureImportRGB(&picture, pixels, (int)(width * 3));
    } else {
        // libwebp has no grey.
        size_t count = (size_t)width * height;
        colored = tt_allocate(count * 3);
        if (colored != NULL) {
            for (size_t index = 0; index < count; index++) memset(colored + index * 3, pixels[index], 3);
            imported = WebPPictureImportRGB(&picture, colored, (int)(width * 3));
            tt_free(colored);
        }
    }
    tt_status status;
    if (!imported)
        status = TT_NO_MEMORY;
    else if (WebPEncode(&config, &picture))
        status = TT_OK;
    else
        status = encode_status(&state, picture.error_code);
    WebPPictureFree(&picture);
    return status;
}
