#include "png_support.h"

// What a chunk other than the profile may become in memory.
enum { MAXIMUM_CHUNK = 1 << 20 };

static tt_status read_header(png_session *session, size_t maximum_profile, tt_png_info *info, tt_buffer *profile) {
    if (setjmp(session->jump) != 0) return session->status;
    png_session_read(session, maximum_profile > MAXIMUM_CHUNK ? maximum_profile : MAXIMUM_CHUNK);
    png_read_info(session->reader, session->reader_info);
    info->width = png_get_image_width(session->reader, session->reader_info);
    info->height = png_get_image_height(session->reader, session->reader_info);
    info->bit_depth = png_get_bit_depth(session->reader, session->reader_info);
    info->color_type = png_get_color_type(session->reader, session->reader_info);
    info->has_transparency = (info->color_type & PNG_COLOR_MASK_ALPHA) != 0
        || png_get_valid(session->reader, session->reader_info, PNG_INFO_tRNS) != 0;
    info->has_srgb = png_get_valid(session->reader, session->reader_info, PNG_INFO_sRGB) != 0;
    png_fixed_point gamma = 0;
    if (png_get_gAMA_fixed(session->reader, session->reader_info, &gamma) != 0 && gamma > 0)
        info->gamma = (uint32_t)gamma;
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
    png_session_begin(&session, source, count, NULL);
    tt_status status = read_header(&session, maximum_profile, info, profile);
    png_session_end(&session);
    return status;
}

static tt_status decode(png_session *session, uint64_t maximum_pixels, tt_pixels *pixels) {
    if (setjmp(session->jump) != 0) return session->status;
    png_session_read(session, MAXIMUM_CHUNK);
    png_read_info(session->reader, session->reader_info);
    uint64_t width = png_get_image_width(session->reader, session->reader_info);
    uint64_t height = png_get_image_height(session->reader, session->reader_info);
    if (width * height > maximum_pixels) return TT_TOO_LARGE;

    png_set_expand(session->reader);
    png_set_scale_16(session->reader);
    int color_type = png_get_color_type(session->reader, session->reader_info);
    bool has_alpha = (color_type & PNG_COLOR_MASK_ALPHA) != 0
        || png_get_valid(session->reader, session->reader_info, PNG_INFO_tRNS) != 0;
    bool is_gray = (color_type & PNG_COLOR_MASK_COLOR) == 0;
    if (is_gray && has_alpha) png_set_gray_to_rgb(session->reader);
    int passes = png_set_interlace_handling(session->reader);
    png_read_update_info(session->reader, session->reader_info);

    uint32_t channels = has_alpha ? 4 : is_gray ? 1 : 3;
    size_t row_bytes = (size_t)width * channels;
    if (png_get_rowbytes(session->reader, session->reader_info) != row_bytes) return TT_FAULT;
    tt_status status = tt_pixels_allocate(pixels, width, height, channels, maximum_pixels);
    if (status != TT_OK) return status;
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < height; y++) {
            png_read_row(session->reader, pixels->data + y * row_bytes, NULL);
            if (tt_cancel_is_set(session->cancel)) return TT_CANCELLED;
        }
    return TT_OK;
}

tt_status tt_png_decode(
    const uint8_t *source, size_t count, uint64_t maximum_pixels, const tt_cancel *cancel, tt_pixels *pixels) {
    png_session session;
    png_session_begin(&session, source, count, cancel);
    tt_status status = decode(&session, maximum_pixels, pixels);
    png_session_end(&session);
    if (status != TT_OK) {
        tt_free(pixels->data);
        pixels->data = NULL;
    }
    return status;
}
