#include "png_support.h"

typedef struct rotation_state {
    png_session session;
    uint8_t *pixels;
    uint8_t *rotated;
} rotation_state;

// Samples are read as they are stored. Samples of less than eight bits get a byte each, which keeps their values, and
// are packed again when written.
static tt_status rotate_png(rotation_state *state, tt_rotation rotation, uint64_t maximum_pixels, tt_buffer *out) {
    png_session *session = &state->session;
    if (setjmp(session->jump) != 0) return session->status;
    tt_png_session_read(session, 1 << 20);
    png_structp reader = session->reader;
    png_infop reader_info = session->reader_info;
    png_read_info(reader, reader_info);
    uint64_t width = png_get_image_width(reader, reader_info);
    uint64_t height = png_get_image_height(reader, reader_info);
    if (width * height > maximum_pixels) return TT_TOO_LARGE;
    int depth = png_get_bit_depth(reader, reader_info);
    int color_type = png_get_color_type(reader, reader_info);
    int interlace = png_get_interlace_type(reader, reader_info);
    uint32_t pixel_bytes = png_get_channels(reader, reader_info) * (depth == 16 ? 2u : 1u);
    png_set_packing(reader);
    int passes = png_set_interlace_handling(reader);
    png_read_update_info(reader, reader_info);
    size_t row_bytes = (size_t)width * pixel_bytes;
    if (png_get_rowbytes(reader, reader_info) != row_bytes) return TT_INTERNAL_ERROR;

    state->pixels = tt_allocate(row_bytes * (size_t)height);
    state->rotated = tt_allocate(row_bytes * (size_t)height);
    if (state->pixels == NULL || state->rotated == NULL) return TT_NO_MEMORY;
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < height; y++) {
            png_read_row(reader, state->pixels + y * row_bytes, NULL);
            if (tt_cancel_is_set(session->cancel)) return TT_CANCELLED;
        }
    // The rest of the image data is checked too, so that no damage is made permanent.
    png_read_end(reader, NULL);
    tt_status status = tt_pixels_rotate(
        state->pixels, (uint32_t)width, (uint32_t)height, pixel_bytes, rotation, state->rotated, session->cancel);
    if (status != TT_OK) return status;
    tt_free(state->pixels);
    state->pixels = NULL;

    tt_png_session_write(session, out);
    png_structp writer = session->writer;
    png_infop writer_info = session->writer_info;
    uint32_t rotated_width = (uint32_t)(rotation.transpose ? height : width);
    uint32_t rotated_height = (uint32_t)(rotation.transpose ? width : height);
    png_set_IHDR(
        writer, writer_info, rotated_width, rotated_height, depth, color_type, interlace,
        PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_colorp palette = NULL;
    int colors = 0;
    if (color_type == PNG_COLOR_TYPE_PALETTE && png_get_PLTE(reader, reader_info, &palette, &colors) != 0)
        png_set_PLTE(writer, writer_info, palette, colors);
    png_set_compression_level(writer, 6);
    // An index beyond the palette is shown as black by every reader; it is no reason to reject the file.
    png_set_check_for_invalid_index(writer, 0);
    png_write_info(writer, writer_info);
    png_set_packing(writer);
    passes = png_set_interlace_handling(writer);
    row_bytes = (size_t)rotated_width * pixel_bytes;
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < rotated_height; y++) {
            png_write_row(writer, state->rotated + y * row_bytes);
            if (tt_cancel_is_set(session->cancel)) return TT_CANCELLED;
        }
    png_write_end(writer, NULL);
    return TT_OK;
}

tt_status tt_png_rotate(
    const uint8_t *source, size_t count, tt_rotation rotation, uint64_t maximum_pixels, const tt_cancel *cancel,
    tt_buffer *out) {
    rotation_state state = {0};
    tt_png_session_begin(&state.session, source, count, cancel);
    tt_status status = rotate_png(&state, rotation, maximum_pixels, out);
    tt_png_session_end(&state.session);
    tt_free(state.pixels);
    tt_free(state.rotated);
    return status;
}
