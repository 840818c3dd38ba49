#include "tt_memory.h"

#include <stdlib.h>
#include <string.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

tt_status tt_buffer_append(tt_buffer *buffer, const void *bytes, size_t count) {
    if (count == 0) return TT_OK;
    if (count > SIZE_MAX / 4 || buffer->size > SIZE_MAX / 4) return TT_TOO_LARGE;
    size_t wanted = buffer->size + count;
    if (wanted > buffer->capacity) {
        // Growing by half keeps the number of copies logarithmic and the unused space bounded.
        size_t capacity = buffer->capacity + buffer->capacity / 2;
        if (capacity < wanted) capacity = wanted;
        if (capacity < 16384) capacity = 16384;
        uint8_t *grown = realloc(buffer->data, capacity);
        if (grown == NULL) return TT_NO_MEMORY;
        buffer->data = grown;
        buffer->capacity = capacity;
    }
    memcpy(buffer->data + buffer->size, bytes, count);
    buffer->size = wanted;
    return TT_OK;
}

void tt_buffer_free(tt_buffer *buffer) {
    free(buffer->data);
    buffer->data = NULL;
    buffer->size = 0;
    buffer->capacity = 0;
}

void *tt_allocate(size_t count) { return calloc(count == 0 ? 1 : count, 1); }

void tt_free(void *memory) { free(memory); }

void tt_release_free_memory(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
