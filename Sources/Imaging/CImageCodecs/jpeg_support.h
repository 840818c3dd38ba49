#ifndef TT_JPEG_SUPPORT_H
#define TT_JPEG_SUPPORT_H

// jpeglib.h uses FILE and size_t without including them.
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>

#include <jpeglib.h>

#include "tt_jpeg.h"

/// What an operation on a JPEG needs around libjpeg's objects. It is a local of the caller of the function that arms
/// `jump`, so that it is intact after a jump.
typedef struct jpeg_session {
    // libjpeg passes a pointer to this first member.
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    struct jpeg_source_mgr source;
    struct jpeg_destination_mgr destination;
    jmp_buf jump;
    tt_status status;
    /// libjpeg had to invent data.
    bool was_repaired;
    uint32_t maximum_scans;
    const tt_cancel *cancel;
    tt_buffer *out;
    uint8_t *chunk;
} jpeg_session;

void tt_jpeg_session_begin(jpeg_session *session, uint32_t maximum_scans, const tt_cancel *cancel);
/// Reads from memory; an early end is TT_TRUNCATED, never an invented EOI.
void tt_jpeg_session_read(jpeg_session *session, j_decompress_ptr cinfo, const uint8_t *source, size_t count);
/// Writes into `session->out`.
void tt_jpeg_session_write(jpeg_session *session, j_compress_ptr cinfo);
/// Ends the operation with this status.
_Noreturn void tt_jpeg_session_fail(jpeg_session *session, tt_status status);
void tt_jpeg_session_end(jpeg_session *session);

#endif
