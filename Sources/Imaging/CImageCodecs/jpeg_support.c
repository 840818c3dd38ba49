#include "jpeg_support.h"

#include <stdlib.h>
#include <string.h>

#include <jerror.h>

enum { OUTPUT_CHUNK = 65536 };

_Noreturn void tt_jpeg_session_fail(jpeg_session *session, tt_status status) {
    session->status = status;
    longjmp(session->jump, 1);
}

// libjpeg's message codes are an enum of its public jerror.h; the texts are never used.
static tt_status status_of(int code) {
    switch (code) {
    case JERR_OUT_OF_MEMORY:
        return TT_NO_MEMORY;
    case JERR_NO_SOI:
        return TT_NOT_AN_IMAGE;
    case JERR_IMAGE_TOO_BIG:
    case JERR_WIDTH_OVERFLOW:
        return TT_TOO_LARGE;
    case JERR_BAD_PRECISION:
    case JERR_SOF_UNSUPPORTED:
    case JERR_ARITH_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_CCIR601_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_COMPONENT_COUNT:
        return TT_UNSUPPORTED;
    case JERR_BAD_STATE:
    case JERR_BAD_LIB_VERSION:
    case JERR_BAD_STRUCT_SIZE:
    case JERR_BAD_POOL_ID:
    case JERR_BAD_BUFFER_MODE:
    case JERR_BAD_VIRTUAL_ACCESS:
    case JERR_VIRTUAL_BUG:
    case JERR_BAD_IN_COLORSPACE:
        return TT_INTERNAL_ERROR;
    default:
        return TT_DAMAGED;
    }
}

static void on_error(j_common_ptr cinfo) {
    jpeg_session *session = (jpeg_session *)cinfo->err;
    tt_jpeg_session_fail(session, status_of(cinfo->err->msg_code));
}

static void on_message(j_common_ptr cinfo, int level) {
    jpeg_session *session = (jpeg_session *)cinfo->err;
    if (level >= 0) return;
    cinfo->err->num_warnings++;
    switch (cinfo->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_NOT_SEQUENTIAL:
    case JWRN_JPEG_EOF:
        session->was_repaired = true;
        break;
    default:
        break;
    }
}

static void on_output(j_common_ptr cinfo) { (void)cinfo; }

static void on_progress(j_common_ptr cinfo) {
    jpeg_session *session = (jpeg_session *)cinfo->err;
    if (tt_cancel_is_set(session->cancel)) tt_jpeg_session_fail(session, TT_CANCELLED);
    if (cinfo->is_decompressor
        && ((j_decompress_ptr)cinfo)->input_scan_number > (int)session->maximum_scans)
        tt_jpeg_session_fail(session, TT_TOO_LARGE);
}

void tt_jpeg_session_begin(jpeg_session *session, uint32_t maximum_scans, const tt_cancel *cancel) {
    memset(session, 0, sizeof *session);
    jpeg_std_error(&session->errors);
    session->errors.error_exit = on_error;
    session->errors.emit_message = on_message;
    session->errors.output_message = on_output;
    session->progress.progress_monitor = on_progress;
    session->maximum_scans = maximum_scans < INT32_MAX ? maximum_scans : INT32_MAX;
    session->cancel = cancel;
    session->status = TT_INTERNAL_ERROR;
}

static void source_nothing(j_decompress_ptr cinfo) { (void)cinfo; }

static boolean source_is_empty(j_decompress_ptr cinfo) {
    tt_jpeg_session_fail((jpeg_session *)cinfo->err, TT_TRUNCATED);
}

static void source_skip(j_decompress_ptr cinfo, long count) {
    if (count <= 0) return;
    if ((size_t)count > cinfo->src->bytes_in_buffer) source_is_empty(cinfo);
    cinfo->src->next_input_byte += count;
    cinfo->src->bytes_in_buffer -= (size_t)count;
}

void tt_jpeg_session_read(jpeg_session *session, j_decompress_ptr cinfo, const uint8_t *source, size_t count) {
    session->source.init_source = source_nothing;
    session->source.fill_input_buffer = source_is_empty;
    session->source.skip_input_data = source_skip;
    session->source.resync_to_restart = jpeg_resync_to_restart;
    session->source.term_source = source_nothing;
    session->source.next_input_byte = source;
    session->source.bytes_in_buffer = count;
    cinfo->src = &session->source;
    cinfo->progress = &session->progress;
}

static void destination_begin(j_compress_ptr cinfo) {
    jpeg_session *session = (jpeg_session *)cinfo->err;
    cinfo->dest->next_output_byte = session->chunk;
    cinfo->dest->free_in_buffer = OUTPUT_CHUNK;
}

static void destination_append(j_compress_ptr cinfo, size_t count) {
    jpeg_session *session = (jpeg_session *)cinfo->err;
    tt_status status = tt_buffer_append(session->out, session->chunk, count);
    if (status != TT_OK) tt_jpeg_session_fail(session, status);
}

static boolean destination_full(j_compress_ptr cinfo) {
    destination_append(cinfo, OUTPUT_CHUNK);
    destination_begin(cinfo);
    return TRUE;
}

static void destination_end(j_compress_ptr cinfo) {
    destination_append(cinfo, OUTPUT_CHUNK - cinfo->dest->free_in_buffer);
}

void tt_jpeg_session_write(jpeg_session *session, j_compress_ptr cinfo) {
    session->chunk = malloc(OUTPUT_CHUNK);
    if (session->chunk == NULL) tt_jpeg_session_fail(session, TT_NO_MEMORY);
    session->destination.init_destination = destination_begin;
    session->destination.empty_output_buffer = destination_full;
    session->destination.term_destination = destination_end;
    cinfo->dest = &session->destination;
    cinfo->progress = &session->progress;
}

void tt_jpeg_session_end(jpeg_session *session) {
    free(session->chunk);
    session->chunk = NULL;
}
