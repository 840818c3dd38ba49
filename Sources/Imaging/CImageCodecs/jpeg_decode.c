#include "jpeg_support.h"

typedef struct decode_state {
    jpeg_session session;
    struct jpeg_decompress_struct cinfo;
} decode_state;

static tt_jpeg_color color_of(J_COLOR_SPACE space) {
    switch (space) {
    case JCS_GRAYSCALE: return TT_JPEG_GRAY;
    case JCS_RGB:
    case JCS_YCbCr: return TT_JPEG_COLOR;
    case JCS_CMYK:
    case JCS_YCCK: return TT_JPEG_CMYK;
    default: return TT_JPEG_OTHER;
    }
}

static uint64_t coefficient_bytes(j_decompress_ptr cinfo) {
    int max_h = 1, max_v = 1;
    for (int index = 0; index < cinfo->num_components; index++) {
        if (cinfo->comp_info[index].h_samp_factor > max_h) max_h = cinfo->comp_info[index].h_samp_factor;
        if (cinfo->comp_info[index].v_samp_factor > max_v) max_v = cinfo->comp_info[index].v_samp_factor;
    }
    uint64_t columns = (cinfo->image_width + 8ull * max_h - 1) / (8ull * max_h);
    uint64_t rows = (cinfo->image_height + 8ull * max_v - 1) / (8ull * max_v);
    uint64_t bytes = 0;
    for (int index = 0; index < cinfo->num_components; index++)
        bytes += columns * cinfo->comp_info[index].h_samp_factor
            * rows * cinfo->comp_info[index].v_samp_factor * sizeof(JBLOCK);
    return bytes;
}

static tt_status read_header(decode_state *state, const uint8_t *source, size_t count, tt_jpeg_info *info) {
    j_decompress_ptr cinfo = &state->cinfo;
    if (setjmp(state->session.jump) != 0) return state->session.status;
    cinfo->err = &state->session.errors;
    jpeg_create_decompress(cinfo);
    tt_jpeg_session_read(&state->session, cinfo, source, count);
    jpeg_read_header(cinfo, TRUE);
    info->width = cinfo->image_width;
    info->height = cinfo->image_height;
    info->components = (uint8_t)cinfo->num_components;
    info->color = color_of(cinfo->jpeg_color_space);
    info->has_many_scans = jpeg_has_multiple_scans(cinfo);
    info->coefficient_bytes = coefficient_bytes(cinfo);
    return TT_OK;
}

tt_status tt_jpeg_read_header(const uint8_t *source, size_t count, tt_jpeg_info *info) {
    decode_state state = {0};
    tt_jpeg_session_begin(&state.session, UINT32_MAX, NULL);
    state.cinfo.err = &state.session.errors;
    tt_status status = read_header(&state, source, count, info);
    jpeg_destroy_decompress(&state.cinfo);
    tt_jpeg_session_end(&state.session);
    return status;
}

static tt_status decode(
    decode_state *state, const uint8_t *source, size_t count, uint32_t denominator, uint64_t maximum_pixels,
    tt_pixels *pixels) {
    j_decompress_ptr cinfo = &state->cinfo;
    if (setjmp(state->session.jump) != 0) return state->session.status;
    cinfo->err = &state->session.errors;
    jpeg_create_decompress(cinfo);
    tt_jpeg_session_read(&state->session, cinfo, source, count);
    jpeg_read_header(cinfo, TRUE);
    if ((uint64_t)cinfo->image_width * cinfo->image_height > maximum_pixels) return TT_TOO_LARGE;

    uint32_t channels = 0;
    switch (color_of(cinfo->jpeg_color_space)) {
    case TT_JPEG_GRAY:
        cinfo->out_color_space = JCS_GRAYSCALE;
        channels = 1;
        break;
    case TT_JPEG_COLOR:
        cinfo->out_color_space = JCS_RGB;
        channels = 3;
        break;
    case TT_JPEG_CMYK:
        cinfo->out_color_space = JCS_CMYK;
        channels = 4;
        break;
    case TT_JPEG_OTHER:
        return TT_UNSUPPORTED;
    }
    cinfo->scale_num = 1;
    cinfo->scale_denom = denominator;
    // djpeg's defaults, set explicitly, so that a distribution with other defaults changes no picture.
    cinfo->dct_method = JDCT_ISLOW;
    cinfo->do_fancy_upsampling = TRUE;
    jpeg_start_decompress(cinfo);
    if (cinfo->output_components != (int)channels) return TT_INTERNAL_ERROR;

    tt_status status =
        tt_pixels_allocate(pixels, cinfo->output_width, cinfo->output_height, channels, maximum_pixels);
    if (status != TT_OK) return status;
    size_t row_bytes = (size_t)pixels->width * channels;
    while (cinfo->output_scanline < cinfo->output_height) {
        JSAMPROW row = pixels->data + cinfo->output_scanline * row_bytes;
        jpeg_read_scanlines(cinfo, &row, 1);
        if (tt_cancel_is_set(state->session.cancel)) return TT_CANCELLED;
    }
    return TT_OK;
}

tt_status tt_jpeg_decode(
    const uint8_t *source, size_t count, uint32_t denominator, uint64_t maximum_pixels, uint32_t maximum_scans,
    const tt_cancel *cancel, tt_pixels *pixels) {
    decode_state state = {0};
    tt_jpeg_session_begin(&state.session, maximum_scans, cancel);
    state.cinfo.err = &state.session.errors;
    tt_status status = decode(&state, source, count, denominator, maximum_pixels, pixels);
    jpeg_destroy_decompress(&state.cinfo);
    tt_jpeg_session_end(&state.session);
    if (status != TT_OK) {
        tt_free(pixels->data);
        pixels->data = NULL;
    }
    return status;
}
