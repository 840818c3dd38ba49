#ifndef TINTYPE_CXML_H
#define TINTYPE_CXML_H

#include <stdbool.h>
#include <stddef.h>

#pragma clang assume_nonnull begin

/// Reads XML piece by piece and returns its elements as a flat list of events. A document that declares a document type
/// or entities, or asks for a file or the network, is rejected. Nothing is written to standard error.
typedef struct cx_reader cx_reader;

/// Limits of one document.
typedef struct {
    /// Nested elements, the root included.
    size_t depth;
    /// Elements in total.
    size_t elements;
    /// Bytes of text directly inside one element.
    size_t text;
    /// Bytes of the document.
    size_t bytes;
} cx_limits;

typedef enum {
    CX_OK = 0,
    /// Not well-formed, or cut off.
    CX_MALFORMED,
    /// More than a limit allows.
    CX_LIMIT,
    /// It declares a document type.
    CX_DOCTYPE,
    CX_NO_MEMORY,
} cx_status;

typedef enum {
    /// An element begins.
    CX_BEGIN,
    /// An element ends; `text` is the text directly inside it, without the text of inner elements.
    CX_END,
} cx_kind;

/// UTF-8, without a zero at the end.
typedef struct {
    cx_kind kind;
    /// Without its namespace.
    const char *name;
    size_t name_length;
    const char *text;
    size_t text_length;
} cx_event;

/// Call this once before the first reader is made.
void cx_setup(void);

/// NULL if there is not enough memory.
cx_reader *_Nullable cx_create(cx_limits limits);

/// Takes the next bytes, and forgets the events of earlier bytes. After any result but CX_OK the reader takes no more.
///
/// White space before the document is skipped: stores send it while they join parts.
///
/// @param is_last whether the document ends with these bytes.
cx_status cx_feed(cx_reader *reader, const void *_Nullable bytes, size_t count, bool is_last);

/// The next event of the bytes fed last; NULL if there is none. Valid until the next call with this reader.
const cx_event *_Nullable cx_next(cx_reader *reader);

void cx_free(cx_reader *_Nullable reader);

#pragma clang assume_nonnull end

#endif
