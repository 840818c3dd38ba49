#include "jpeg_support.h"

typedef struct encode_state {
    jpeg_session session;
    struct jpeg_compress_struct cinfo;
} encode_state;

static tt_status encode(
    encode_state *state, const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, int quality,
    bool full_chroma, bool progressive, const uint8_t *exif, size_t exif_count) {
    j_compress_ptr cinfo = &state->cinfo;
    if (setjmp(state->session.jump) != 0) return state->session.status;
    cinfo->err = &state->session.errors;
    jpeg_create_compress(cinfo);
    tt_jpeg_session_write(&state->session, cinfo);
    cinfo->image_width = width;
    cinfo->image_height = height;
    cinfo->input_components = (int)channels;
    cinfo->in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(cinfo);
    jpeg_set_quality(cinfo, quality, TRUE);
    if (channels == 3) {
        cinfo->comp_info[0].h_samp_factor = full_chroma ? 1 : 2;
        cinfo->comp_info[0].v_samp_factor = full_chroma ? 1 : 2;
    }
    cinfo->dct_method = JDCT_ISLOW;
    cinfo->optimize_coding = progressive;
    if (progressive) jpeg_simple_progression(cinfo);
    jpeg_start_compress(cinfo, TRUE);
    if (exif != NULL && exif_count <= 65533) jpeg_write_marker(cinfo, JPEG_APP0 + 1, exif, (unsigned)exif_count);
    size_t row_bytes = (size_t)width * channels;
    while (cinfo->next_scanline < height) {
        // libjpeg's rows are not const, but an encoder only reads them.
        JSAMPROW row = (JSAMPROW)(uintptr_t)(pixels + cinfo->next_scanline * row_bytes);
        jpeg_write_scanlines(cinfo, &row, 1);
        if (tt_cancel_is_set(state->session.cancel)) return TT_CANCELLED;
    }
    jpeg_finish_compress(cinfo);
    return TT_OK;
}

tt_status tt_jpeg_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, int quality, bool full_chroma,
    bool progressive, const uint8_t *exif, size_t exif_count, const tt_cancel *cancel, tt_buffer *out) {
    if (channels != 1 && channels != 3) return TT_INTERNAL_ERROR;
    encode_state state = {0};
    tt_jpeg_session_begin(&state.session, UINT32_MAX, cancel);
    state.cinfo.err = &state.session.errors;
    state.session.out = out;
    tt_status status =
        encode(&state, pixels, width, height, channels, quality, full_chroma, progressive, exif, exif_count);
    jpeg_destroy_compress(&state.cinfo);
    tt_jpeg_session_end(&state.session);
    return status;
}
