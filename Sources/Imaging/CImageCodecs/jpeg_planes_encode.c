#include <string.h>

#include "jpeg_support.h"
#include "tt_jpeg_planes.h"

enum { STRIP_ROWS = 2 * DCTSIZE };

typedef struct encode_state {
    jpeg_session session;
    struct jpeg_compress_struct cinfo;
    /// The rows of one row of MCUs, padded to whole blocks, for the three planes one after the other.
    uint8_t *strip;
    JSAMPROW rows[3][STRIP_ROWS];
} encode_state;

typedef struct source_plane {
    const uint8_t *samples;
    size_t width;
    size_t height;
} source_plane;

// Copies rows to the strip. Beyond the plane's edge the last sample is repeated, which costs the fewest bits.
static void fill(const source_plane *plane, size_t first, size_t count, size_t padded, JSAMPROW *rows) {
    for (size_t row = 0; row < count; row++) {
        size_t y = first + row < plane->height ? first + row : plane->height - 1;
        const uint8_t *from = plane->samples + y * plane->width;
        memcpy(rows[row], from, plane->width);
        memset(rows[row] + plane->width, from[plane->width - 1], padded - plane->width);
    }
}

static tt_status encode(
    encode_state *state, const source_plane planes[3], int quality, bool full_chroma, bool progressive,
    const uint8_t *exif, size_t exif_count) {
    j_compress_ptr cinfo = &state->cinfo;
    if (setjmp(state->session.jump) != 0) return state->session.status;
    jpeg_create_compress(cinfo);
    tt_jpeg_session_write(&state->session, cinfo);
    cinfo->image_width = (JDIMENSION)planes[0].width;
    cinfo->image_height = (JDIMENSION)planes[0].height;
    cinfo->input_components = 3;
    cinfo->in_color_space = JCS_YCbCr;
    jpeg_set_defaults(cinfo);
    jpeg_set_quality(cinfo, quality, TRUE);
    int factor = full_chroma ? 1 : 2;
    cinfo->comp_info[0].h_samp_factor = factor;
    cinfo->comp_info[0].v_samp_factor = factor;
    cinfo->raw_data_in = TRUE;
    cinfo->dct_method = JDCT_ISLOW;
    cinfo->optimize_coding = progressive;
    if (progressive) jpeg_simple_progression(cinfo);

    // A row of whole MCUs, so that no plane ends before libjpeg's last block.
    size_t mcu = (size_t)factor * DCTSIZE;
    size_t mcus = (planes[0].width + mcu - 1) / mcu;
    size_t padded[3] = {mcus * mcu, mcus * DCTSIZE, mcus * DCTSIZE};
    size_t counts[3] = {mcu, DCTSIZE, DCTSIZE};
    state->strip = tt_allocate(padded[0] * counts[0] + 2 * padded[1] * counts[1]);
    if (state->strip == NULL) return TT_NO_MEMORY;
    uint8_t *at = state->strip;
    for (int index = 0; index < 3; index++)
        for (size_t row = 0; row < counts[index]; row++, at += padded[index]) state->rows[index][row] = at;

    jpeg_start_compress(cinfo, TRUE);
    if (exif != NULL && exif_count <= 65533) jpeg_write_marker(cinfo, JPEG_APP0 + 1, exif, (unsigned)exif_count);
    JSAMPARRAY arrays[3] = {state->rows[0], state->rows[1], state->rows[2]};
    for (size_t mcu_row = 0; cinfo->next_scanline < cinfo->image_height; mcu_row++) {
        for (int index = 0; index < 3; index++)
            fill(&planes[index], mcu_row * counts[index], counts[index], padded[index], state->rows[index]);
        if (jpeg_write_raw_data(cinfo, arrays, (JDIMENSION)mcu) == 0) return TT_INTERNAL_ERROR;
        if (tt_cancel_is_set(state->session.cancel)) return TT_CANCELLED;
    }
    jpeg_finish_compress(cinfo);
    return TT_OK;
}

tt_status tt_jpeg_encode_planes(
    const uint8_t *y, const uint8_t *cb, const uint8_t *cr, uint32_t width, uint32_t height, int quality,
    bool full_chroma, bool progressive, const uint8_t *exif, size_t exif_count, const tt_cancel *cancel,
    tt_buffer *out) {
    if (width == 0 || height == 0) return TT_INTERNAL_ERROR;
    if (width > JPEG_MAX_DIMENSION || height > JPEG_MAX_DIMENSION) return TT_TOO_LARGE;
    size_t chroma_width = full_chroma ? width : ((size_t)width + 1) / 2;
    size_t chroma_height = full_chroma ? height : ((size_t)height + 1) / 2;
    const source_plane planes[3] = {
        {y, width, height}, {cb, chroma_width, chroma_height}, {cr, chroma_width, chroma_height}};
    encode_state state = {0};
    tt_jpeg_session_begin(&state.session, UINT32_MAX, cancel);
    state.cinfo.err = &state.session.errors;
    state.session.out = out;
    tt_status status = encode(&state, planes, quality, full_chroma, progressive, exif, exif_count);
    jpeg_destroy_compress(&state.cinfo);
    tt_jpeg_session_end(&state.session);
    tt_free(state.strip);
    return status;
}
