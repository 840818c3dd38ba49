#include "png_support.h"

// The most memory for a chunk other than the profile.
enum { MAXIMUM_CHUNK = 1 << 20 };

static tt_status read_header(png_session *session, size_t maximum_profile, tt_png_info *info, tt_buffer *profile) {
    if (setjmp(session->jump) != 0) return session->status;
    tt_png_session_read(session, maximum_profile > MAXIMUM_CHUNK ? maximum_profile : MAXIMUM_CHUNK);
    png_read_info(session->reader, session->reader_info);
    info->width = png_get_image_width(session->reader, session->reader_info);
    info->height = png_get_image_height(session->reader, session->reader_info);
    info->bit_depth = png_get_bit_depth(session->reader, session->reader_info);
    info->color_type = png_get_color_type(session->reader, session->reader_info);
    info->has_transparency = tt_png_session_has_alpha(session);
    png_fixed_point gamma = 0;
    if (png_get_gAMA_fixed(session->reader, session->reader_info, &gamma) != 0 && gamma > 0)
        info->gamma = (uint32_t)gamma;
    info->is_interlaced =
        png_get_interlace_type(session->reader, session->reader_info) != PNG_INTERLACE_NONE;
    tt_primaries *primaries = &info->primaries;
    info->has_primaries = png_get_cHRM(
        session->reader, session->reader_info, &primaries->white_x, &primaries->white_y, &primaries->red_x,
        &primaries->red_y, &primaries->green_x, &primaries->green_y, &primaries->blue_x, &primaries->blue_y) != 0;
    png_charp name = NULL;
    int compression = 0;
    png_bytep bytes = NULL;
    png_uint_32 count = 0;
    if (png_get_iCCP(session->reader, session->reader_info, &name, &compression, &bytes, &count) != 0
        && count <= maximum_profile)
        return tt_buffer_append(profile, bytes, count);
    return TT_OK;
}

tt_status tt_png_read_header(
    const uint8_t *source, size_t count, size_t maximum_profile, tt_png_info *info, tt_buffer *profile) {
    png_session session;
    tt_png_session_begin(&session, source, count, NULL);
    tt_status status = read_header(&session, maximum_profile, info, profile);
    tt_png_session_end(&session);
    return status;
}

// The allocations of a decode, apart from the session: freed by the caller after any jump.
typedef struct decode_state {
    png_session session;
    /// Samples of 16 bits: one row, or the whole picture if it is interlaced.
    uint8_t *deep;
} decode_state;

// Reads samples of 16 bits and converts each row when it is complete.
static tt_status read_deep(decode_state *state, const tt_color *color, size_t in_bytes, int passes, tt_pixels *pixels) {
    png_session *session = &state->session;
    size_t out_bytes = (size_t)pixels->width * pixels->channels;
    size_t held = passes > 1 ? pixels->height : 1;
    if (held > SIZE_MAX / 2 / in_bytes) return TT_TOO_LARGE;
    state->deep = tt_allocate(held * in_bytes);
    if (state->deep == NULL) return TT_NO_MEMORY;
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < pixels->height; y++) {
            uint8_t *row = state->deep + (held > 1 ? y * in_bytes : 0);
            png_read_row(session->reader, row, NULL);
            if (pass == passes - 1) tt_color_convert(color, row, pixels->data + y * out_bytes, pixels->width);
            if (tt_cancel_is_set(session->cancel)) return TT_CANCELLED;
        }
    return TT_OK;
}

static bool is_little_endian(void) {
    const uint16_t one = 1;
    return *(const uint8_t *)&one == 1;
}

static tt_status decode(decode_state *state, const tt_color *deep_color, uint64_t maximum_pixels, tt_pixels *pixels) {
    png_session *session = &state->session;
    if (setjmp(session->jump) != 0) return session->status;
    tt_png_session_read(session, MAXIMUM_CHUNK);
    png_read_info(session->reader, session->reader_info);
    uint64_t width = png_get_image_width(session->reader, session->reader_info);
    uint64_t height = png_get_image_height(session->reader, session->reader_info);
    if (width * height > maximum_pixels) return TT_TOO_LARGE;

    png_set_expand(session->reader);
    bool is_deep = deep_color != NULL && png_get_bit_depth(session->reader, session->reader_info) == 16;
    if (!is_deep)
        png_set_scale_16(session->reader);
    else if (is_little_endian())
        png_set_swap(session->reader);
    int color_type = png_get_color_type(session->reader, session->reader_info);
    bool has_alpha = tt_png_session_has_alpha(session);
    bool is_gray = (color_type & PNG_COLOR_MASK_COLOR) == 0;
    if (is_gray && has_alpha) png_set_gray_to_rgb(session->reader);
    int passes = png_set_interlace_handling(session->reader);
    png_read_update_info(session->reader, session->reader_info);

    uint32_t channels = has_alpha ? 4 : is_gray ? 1 : 3;
    size_t row_bytes = (size_t)width * channels;
    size_t in_bytes = is_deep ? 2 * row_bytes : row_bytes;
    if (png_get_rowbytes(session->reader, session->reader_info) != in_bytes) return TT_INTERNAL_ERROR;
    tt_status status = tt_pixels_allocate(pixels, width, height, channels, maximum_pixels);
    if (status != TT_OK) return status;
    if (is_deep) return read_deep(state, deep_color, in_bytes, passes, pixels);
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < height; y++) {
            png_read_row(session->reader, pixels->data + y * row_bytes, NULL);
            if (tt_cancel_is_set(session->cancel)) return TT_CANCELLED;
        }
    return TT_OK;
}

tt_status tt_png_decode(
    const uint8_t *source, size_t count, const tt_color *deep_color, uint64_t maximum_pixels,
    const tt_cancel *cancel, tt_pixels *pixels) {
    decode_state state = {.deep = NULL};
    tt_png_session_begin(&state.session, source, count, cancel);
    tt_status status = decode(&state, deep_color, maximum_pixels, pixels);
    tt_png_session_end(&state.session);
    tt_free(state.deep);
    if (status != TT_OK) {
        tt_free(pixels->data);
        pixels->data = NULL;
    }
    return status;
}
