#ifndef TT_MEMORY_H
#define TT_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "tt_status.h"

#pragma clang assume_nonnull begin

/// Bytes that grow while an encoder writes. Initially all zero; owned by the caller, freed by `tt_buffer_free`.
typedef struct tt_buffer {
    uint8_t *_Nullable data;
    size_t size;
    size_t capacity;
} tt_buffer;

tt_status tt_buffer_append(tt_buffer *buffer, const void *bytes, size_t count);
void tt_buffer_free(tt_buffer *buffer);

/// Zeroed memory, or null if there is none. Zeroed, so that no byte of another picture can ever show.
void *_Nullable tt_allocate(size_t count);
void tt_free(void *_Nullable memory);

/// Returns the allocator's unused pages to the system (malloc_trim), which takes some milliseconds. Does nothing if the
/// C library has no such call.
void tt_release_free_memory(void);

#pragma clang assume_nonnull end

#endif
