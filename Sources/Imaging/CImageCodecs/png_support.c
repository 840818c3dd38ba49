#include "png_support.h"

#include <string.h>

_Noreturn void tt_png_session_fail(png_session *session, tt_status status) {
    session->status = status;
    longjmp(session->jump, 1);
}

static void on_error(png_structp png, png_const_charp message) {
    (void)message;
    png_session *session = png_get_error_ptr(png);
    // If a reader or writer callback has failed, it has set the status. Any other error of libpng is about the file
    // when reading, and about this code when writing.
    tt_png_session_fail(session, session->writer != NULL && png == session->writer ? TT_INTERNAL_ERROR : TT_DAMAGED);
}

static void on_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static void read_bytes(png_structp png, png_bytep target, size_t count) {
    png_session *session = png_get_io_ptr(png);
    if (count > session->remaining) tt_png_session_fail(session, TT_TRUNCATED);
    memcpy(target, session->source, count);
    session->source += count;
    session->remaining -= count;
}

static void write_bytes(png_structp png, png_bytep source, size_t count) {
    png_session *session = png_get_io_ptr(png);
    tt_status status = tt_buffer_append(session->out, source, count);
    if (status != TT_OK) tt_png_session_fail(session, status);
}

static void flush_bytes(png_structp png) { (void)png; }

void tt_png_session_begin(png_session *session, const uint8_t *source, size_t count, const tt_cancel *cancel) {
    memset(session, 0, sizeof *session);
    session->status = TT_INTERNAL_ERROR;
    session->source = source;
    session->remaining = count;
    session->cancel = cancel;
}

void tt_png_session_read(png_session *session, size_t maximum_chunk) {
    if (session->remaining < 8 || png_sig_cmp(session->source, 0, 8) != 0)
        tt_png_session_fail(session, TT_NOT_AN_IMAGE);
    session->reader = png_create_read_struct(PNG_LIBPNG_VER_STRING, session, on_error, on_warning);
    if (session->reader == NULL) tt_png_session_fail(session, TT_NO_MEMORY);
    session->reader_info = png_create_info_struct(session->reader);
    if (session->reader_info == NULL) tt_png_session_fail(session, TT_NO_MEMORY);
    png_set_read_fn(session->reader, session, read_bytes);
    // We check the size ourselves, in pixels; libpng's own default of a million per side would reject wide pictures.
    png_set_user_limits(session->reader, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_chunk_malloc_max(session->reader, maximum_chunk);
    // Texts, suggested palettes and histograms are never read, so a decompression bomb in them is not opened. If libpng
    // knows an sRGB chunk it rejects a later iCCP, which says more and counts wherever it is; the caller finds the sRGB
    // itself.
    static const png_byte unread[] = "tEXt\0zTXt\0iTXt\0sPLT\0hIST\0pCAL\0sCAL\0tIME\0eXIf\0sRGB";
    png_set_keep_unknown_chunks(session->reader, PNG_HANDLE_CHUNK_NEVER, unread, (int)(sizeof unread / 5));
}

void tt_png_session_write(png_session *session, tt_buffer *out) {
    session->out = out;
    session->writer = png_create_write_struct(PNG_LIBPNG_VER_STRING, session, on_error, on_warning);
    if (session->writer == NULL) tt_png_session_fail(session, TT_NO_MEMORY);
    session->writer_info = png_create_info_struct(session->writer);
    if (session->writer_info == NULL) tt_png_session_fail(session, TT_NO_MEMORY);
    png_set_write_fn(session->writer, session, write_bytes, flush_bytes);
    png_set_user_limits(session->writer, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
}

bool tt_png_session_has_alpha(const png_session *session) {
    if ((png_get_color_type(session->reader, session->reader_info) & PNG_COLOR_MASK_ALPHA) != 0) return true;
    // The valid flag alone is wrong: in an RGB picture, a PLTE after the tRNS removes the transparency but leaves the
    // flag. libpng's transforms use the number of entries.
    png_bytep alpha = NULL;
    png_color_16p color = NULL;
    int count = 0;
    return png_get_tRNS(session->reader, session->reader_info, &alpha, &count, &color) != 0 && count > 0;
}

void tt_png_session_end(png_session *session) {
    if (session->reader != NULL) png_destroy_read_struct(&session->reader, &session->reader_info, NULL);
    if (session->writer != NULL) png_destroy_write_struct(&session->writer, &session->writer_info);
}
