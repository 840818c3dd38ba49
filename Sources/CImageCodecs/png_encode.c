#include "png_support.h"

static tt_status encode(
    png_session *session, const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, int level,
    tt_buffer *out) {
    if (setjmp(session->jump) != 0) return session->status;
    png_session_write(session, out);
    int color_type = channels == 1 ? PNG_COLOR_TYPE_GRAY : channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_RGBA;
    png_set_IHDR(
        session->writer, session->writer_info, width, height, 8, color_type, PNG_INTERLACE_NONE,
        PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(session->writer, level);
    png_write_info(session->writer, session->writer_info);
    size_t row_bytes = (size_t)width * channels;
    for (uint32_t y = 0; y < height; y++) {
        png_write_row(session->writer, pixels + y * row_bytes);
        if (tt_cancel_is_set(session->cancel)) return TT_CANCELLED;
    }
    png_write_end(session->writer, NULL);
    return TT_OK;
}

tt_status tt_png_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, int level, const tt_cancel *cancel,
    tt_buffer *out) {
    if (channels != 1 && channels != 3 && channels != 4) return TT_FAULT;
    png_session session;
    png_session_begin(&session, pixels, 0, cancel);
    tt_status status = encode(&session, pixels, width, height, channels, level, out);
    png_session_end(&session);
    return status;
}
