#ifndef TT_PNG_SUPPORT_H
#define TT_PNG_SUPPORT_H

#include <setjmp.h>

#include <png.h>

#include "tt_png.h"

/// What an operation on a PNG needs around libpng's objects. A local of the caller of the function that arms `jump`.
typedef struct png_session {
    jmp_buf jump;
    tt_status status;
    const uint8_t *source;
    size_t remaining;
    tt_buffer *out;
    const tt_cancel *cancel;
    png_structp reader;
    png_infop reader_info;
    png_structp writer;
    png_infop writer_info;
} png_session;

void tt_png_session_begin(png_session *session, const uint8_t *source, size_t count, const tt_cancel *cancel);
/// Makes the reader. Call it with `jump` armed. `maximum_chunk` limits the memory for a compressed chunk.
void tt_png_session_read(png_session *session, size_t maximum_chunk);
/// Makes the writer. Call it with `jump` armed.
void tt_png_session_write(png_session *session, tt_buffer *out);
_Noreturn void tt_png_session_fail(png_session *session, tt_status status);
/// Whether the chunks read so far give the picture an alpha channel.
bool tt_png_session_has_alpha(const png_session *session);
void tt_png_session_end(png_session *session);

#endif
