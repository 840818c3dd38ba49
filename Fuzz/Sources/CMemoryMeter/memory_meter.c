#include "memory_meter.h"

// compiler-rt's sanitizer/allocator_interface.h.
int __sanitizer_install_malloc_and_free_hooks(
    void (*malloc_hook)(const volatile void *, size_t), void (*free_hook)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *memory);

static long long held, most;

static void on_malloc(const volatile void *memory, size_t size) {
    (void)memory;
    held += (long long)size;
    if (held > most) most = held;
}

static void on_free(const volatile void *memory) {
    if (memory != NULL) held -= (long long)__sanitizer_get_allocated_size(memory);
}

void meter_install(void) { __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free); }

void meter_begin(void) { held = most = 0; }

size_t meter_peak(void) { return most > 0 ? (size_t)most : 0; }
