#include "tt_animation.h"

#include <string.h>

#include <webp/demux.h>
#include <webp/encode.h>
#include <webp/mux.h>

struct tt_webp_player {
    WebPAnimDecoder *decoder;
    size_t canvas_bytes;
};

tt_status tt_webp_player_open(
    const uint8_t *source, size_t count, uint64_t maximum_pixels, tt_animation_info *info, tt_webp_player **out) {
    *out = NULL;
    // The canvas is checked before the decoder allocates memory for it.
    WebPData data = {source, count};
    WebPDemuxer *demuxer = WebPDemux(&data);
    if (demuxer == NULL) return TT_DAMAGED;
    uint64_t width = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_WIDTH);
    uint64_t height = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_HEIGHT);
    WebPDemuxDelete(demuxer);
    if (width == 0 || height == 0) return TT_DAMAGED;
    if (width * height > maximum_pixels || width * height > SIZE_MAX / 16) return TT_TOO_LARGE;

    WebPAnimDecoderOptions options;
    if (!WebPAnimDecoderOptionsInit(&options)) return TT_INTERNAL_ERROR;
    options.color_mode = MODE_RGBA;
    options.use_threads = 0;
    tt_webp_player *player = tt_allocate(sizeof *player);
    if (player == NULL) return TT_NO_MEMORY;
    player->decoder = WebPAnimDecoderNew(&data, &options);
    WebPAnimInfo found;
    if (player->decoder == NULL || !WebPAnimDecoderGetInfo(player->decoder, &found)) {
        tt_webp_player_close(player);
        return TT_DAMAGED;
    }
    player->canvas_bytes = (size_t)found.canvas_width * found.canvas_height * 4;
    info->width = found.canvas_width;
    info->height = found.canvas_height;
    info->frames = found.frame_count;
    info->loops = found.loop_count;
    *out = player;
    return TT_OK;
}

tt_status tt_webp_player_next(tt_webp_player *player, uint8_t *canvas, uint32_t *end) {
    if (!WebPAnimDecoderHasMoreFrames(player->decoder)) return TT_TRUNCATED;
    uint8_t *frame = NULL;
    int timestamp = 0;
    if (!WebPAnimDecoderGetNext(player->decoder, &frame, &timestamp) || frame == NULL) return TT_DAMAGED;
    memcpy(canvas, frame, player->canvas_bytes);
    *end = timestamp > 0 ? (uint32_t)timestamp : 0;
    return TT_OK;
}

void tt_webp_player_close(tt_webp_player *player) {
    if (player->decoder != NULL) WebPAnimDecoderDelete(player->decoder);
    tt_free(player);
}

struct tt_webp_writer {
    WebPAnimEncoder *encoder;
    WebPConfig config;
    uint32_t width;
    uint32_t height;
    int end;
};

tt_status tt_webp_writer_open(
    uint32_t width, uint32_t height, uint32_t loops, float quality, bool is_lossless, int method,
    tt_webp_writer **out) {
    *out = NULL;
    if (width == 0 || height == 0 || width > WEBP_MAX_DIMENSION || height > WEBP_MAX_DIMENSION) return TT_TOO_LARGE;
    tt_webp_writer *writer = tt_allocate(sizeof *writer);
    if (writer == NULL) return TT_NO_MEMORY;
    WebPAnimEncoderOptions options;
    if (!WebPAnimEncoderOptionsInit(&options) || !WebPConfigInit(&writer->config)) {
        tt_free(writer);
        return TT_INTERNAL_ERROR;
    }
    options.anim_params.loop_count = loops > 65535 ? 0 : (int)loops;
    options.anim_params.bgcolor = 0;
    writer->config.quality = quality;
    writer->config.method = method;
    writer->config.alpha_quality = 100;
    // As for a still picture.
    writer->config.low_memory = (uint64_t)width * height > 4 * 1000 * 1000;
    if (is_lossless) {
        writer->config.lossless = 1;
        writer->config.exact = 1;
        writer->config.quality = 75;
    }
    writer->width = width;
    writer->height = height;
    writer->encoder = WebPAnimEncoderNew((int)width, (int)height, &options);
    if (writer->encoder == NULL || !WebPValidateConfig(&writer->config)) {
        tt_status status = writer->encoder == NULL ? TT_NO_MEMORY : TT_INTERNAL_ERROR;
        tt_webp_writer_close(writer);
        return status;
    }
    *out = writer;
    return TT_OK;
}

static int on_progress(int percent, const WebPPicture *picture) {
    (void)percent;
    return !tt_cancel_is_set(picture->user_data);
}

// WebPPictureImport needs rows of its own layouts; these are simple enough to fill by hand.
static void import(WebPPicture *picture, const uint8_t *pixels, uint32_t channels) {
    for (int y = 0; y < picture->height; y++) {
        uint32_t *row = picture->argb + (size_t)y * (size_t)picture->argb_stride;
        const uint8_t *in = pixels + (size_t)y * (size_t)picture->width * channels;
        for (int x = 0; x < picture->width; x++, in += channels) {
            uint32_t red = in[0], green = channels == 1 ? in[0] : in[1], blue = channels == 1 ? in[0] : in[2];
            uint32_t alpha = channels == 4 ? in[3] : 255;
            row[x] = alpha << 24 | red << 16 | green << 8 | blue;
        }
    }
}

tt_status tt_webp_writer_add(
    tt_webp_writer *writer, const uint8_t *pixels, uint32_t channels, uint32_t milliseconds,
    const tt_cancel *cancel) {
    if (channels != 1 && channels != 3 && channels != 4) return TT_INTERNAL_ERROR;
    if (tt_cancel_is_set(cancel)) return TT_CANCELLED;
    WebPPicture picture;
    if (!WebPPictureInit(&picture)) return TT_INTERNAL_ERROR;
    picture.use_argb = 1;
    picture.width = (int)writer->width;
    picture.height = (int)writer->height;
    if (!WebPPictureAlloc(&picture)) return TT_NO_MEMORY;
    import(&picture, pixels, channels);
    picture.progress_hook = on_progress;
    picture.user_data = (void *)(uintptr_t)cancel;
    int is_added = WebPAnimEncoderAdd(writer->encoder, &picture, writer->end, &writer->config);
    WebPEncodingError code = picture.error_code;
    WebPPictureFree(&picture);
    if (tt_cancel_is_set(cancel)) return TT_CANCELLED;
    if (!is_added) return code == VP8_ENC_ERROR_OUT_OF_MEMORY ? TT_NO_MEMORY : TT_INTERNAL_ERROR;
    // 24 bits of milliseconds for each frame, 31 for all of them.
    uint32_t shown = milliseconds < 0xFFFFFF ? milliseconds : 0xFFFFFF;
    if (writer->end > INT32_MAX - (int)shown) return TT_TOO_LARGE;
    writer->end += (int)shown;
    return TT_OK;
}

tt_status tt_webp_writer_finish(tt_webp_writer *writer, tt_buffer *out) {
    if (!WebPAnimEncoderAdd(writer->encoder, NULL, writer->end, NULL)) return TT_INTERNAL_ERROR;
    WebPData file;
    WebPDataInit(&file);
    tt_status status = WebPAnimEncoderAssemble(writer->encoder, &file) ? TT_OK : TT_NO_MEMORY;
    if (status == TT_OK) status = tt_buffer_append(out, file.bytes, file.size);
    WebPDataClear(&file);
    return status;
}

void tt_webp_writer_close(tt_webp_writer *writer) {
    if (writer->encoder != NULL) WebPAnimEncoderDelete(writer->encoder);
    tt_free(writer);
}
