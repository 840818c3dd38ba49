#include "CXML.h"

#include <libxml/parser.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// A queued event. It stores offsets into the arena, which may move while it grows.
typedef struct {
    cx_kind kind;
    size_t name;
    size_t name_length;
    size_t text;
    size_t text_length;
} entry;

struct cx_reader {
    xmlParserCtxtPtr parser;
    cx_limits limits;
    cx_status status;
    bool has_begun;
    size_t bytes;
    size_t elements;
    size_t depth;

    // For every open element, where its text begins in `open`. The innermost one's text is at the end.
    size_t *starts;
    char *open;
    size_t open_length;
    size_t open_capacity;

    entry *entries;
    size_t count;
    size_t capacity;
    size_t taken;
    cx_event event;

    char *arena;
    size_t arena_length;
    size_t arena_capacity;
};

// Allocates space for `more` bytes after `length`. The sums cannot overflow: the document's limit bounds them all.
static bool grow(void **memory, size_t *capacity, size_t length, size_t more, size_t unit) {
    if (length + more <= *capacity) return true;
    size_t wanted = *capacity < 64 ? 64 : *capacity;
    while (wanted < length + more) wanted *= 2;
    void *larger = realloc(*memory, wanted * unit);
    if (larger == NULL) return false;
    *memory = larger;
    *capacity = wanted;
    return true;
}

static void fail(cx_reader *reader, cx_status status) {
    if (reader->status == CX_OK) reader->status = status;
    xmlStopParser(reader->parser);
}

static bool store(cx_reader *reader, const char *bytes, size_t length, size_t *place) {
    void *memory = reader->arena;
    if (!grow(&memory, &reader->arena_capacity, reader->arena_length, length, 1)) return false;
    reader->arena = memory;
    *place = reader->arena_length;
    if (length > 0) memcpy(reader->arena + reader->arena_length, bytes, length);
    reader->arena_length += length;
    return true;
}

static void emit(cx_reader *reader, cx_kind kind, const xmlChar *name, const char *text, size_t text_length) {
    void *memory = reader->entries;
    if (!grow(&memory, &reader->capacity, reader->count, 1, sizeof(entry))) return fail(reader, CX_NO_MEMORY);
    reader->entries = memory;
    entry made = {.kind = kind, .name_length = strlen((const char *)name), .text_length = text_length};
    if (!store(reader, (const char *)name, made.name_length, &made.name)
        || !store(reader, text, text_length, &made.text)) {
        return fail(reader, CX_NO_MEMORY);
    }
    reader->entries[reader->count++] = made;
}

static void start_element(
    void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespace_count,
    const xmlChar **namespaces, int attribute_count, int defaulted_count, const xmlChar **attributes) {
    (void)prefix, (void)uri, (void)namespace_count, (void)namespaces;
    (void)attribute_count, (void)defaulted_count, (void)attributes;
    cx_reader *reader = context;
    if (reader->status != CX_OK) return;
    if (reader->depth >= reader->limits.depth || reader->elements >= reader->limits.elements) {
        return fail(reader, CX_LIMIT);
    }
    reader->elements++;
    reader->starts[reader->depth++] = reader->open_length;
    emit(reader, CX_BEGIN, name, NULL, 0);
}

static void end_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri) {
    (void)prefix, (void)uri;
    cx_reader *reader = context;
    if (reader->status != CX_OK || reader->depth == 0) return;
    size_t start = reader->starts[--reader->depth];
    emit(reader, CX_END, name, reader->open + start, reader->open_length - start);
    reader->open_length = start;
}

static void characters(void *context, const xmlChar *text, int length) {
    cx_reader *reader = context;
    if (reader->status != CX_OK || reader->depth == 0 || length <= 0) return;
    size_t held = reader->open_length - reader->starts[reader->depth - 1];
    if ((size_t)length > reader->limits.text - held) return fail(reader, CX_LIMIT);
    void *memory = reader->open;
    if (!grow(&memory, &reader->open_capacity, reader->open_length, (size_t)length, 1)) {
        return fail(reader, CX_NO_MEMORY);
    }
    reader->open = memory;
    memcpy(reader->open + reader->open_length, text, (size_t)length);
    reader->open_length += (size_t)length;
}

// Called when a <!DOCTYPE begins, before anything in it is read.
static void document_type(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system) {
    (void)name, (void)external, (void)system;
    fail(context, CX_DOCTYPE);
}

// &lt; and the four others like it; without a document type there are no more.
static xmlEntityPtr entity(void *context, const xmlChar *name) {
    (void)context;
    return xmlGetPredefinedEntity(name);
}

// In place of libxml2's handler, which writes to standard error.
static void swallow(void *context, const xmlError *error) {
    (void)context, (void)error;
}

void cx_setup(void) {
    xmlInitParser();
}

cx_reader *cx_create(cx_limits limits) {
    cx_reader *reader = calloc(1, sizeof(cx_reader));
    if (reader == NULL) return NULL;
    reader->limits = limits;
    reader->starts = calloc(limits.depth == 0 ? 1 : limits.depth, sizeof(size_t));
    xmlSAXHandler sax;
    memset(&sax, 0, sizeof(sax));
    sax.initialized = XML_SAX2_MAGIC;
    sax.startElementNs = start_element;
    sax.endElementNs = end_element;
    sax.characters = characters;
    sax.ignorableWhitespace = characters;
    sax.cdataBlock = characters;
    sax.internalSubset = document_type;
    sax.getEntity = entity;
    // libxml2 2.12 made the error constant; the call is the same.
    sax.serror = (xmlStructuredErrorFunc)swallow;
    // Passes our own context, so that an error before the first event finds it too.
    reader->parser = reader->starts == NULL ? NULL : xmlCreatePushParserCtxt(&sax, reader, NULL, 0, NULL);
    if (reader->parser == NULL) {
        cx_free(reader);
        return NULL;
    }
    xmlCtxtUseOptions(reader->parser, XML_PARSE_NONET);
    return reader;
}

// xmlParseChunk counts in int.
static const size_t largest_chunk = 1 << 20;

cx_status cx_feed(cx_reader *reader, const void *bytes, size_t count, bool is_last) {
    reader->count = 0;
    reader->taken = 0;
    reader->arena_length = 0;
    if (reader->status != CX_OK) return reader->status;
    if (count > reader->limits.bytes - reader->bytes) {
        fail(reader, CX_LIMIT);
        return reader->status;
    }
    reader->bytes += count;
    const char *next = bytes;
    while (!reader->has_begun && count > 0 && (*next == ' ' || *next == '\t' || *next == '\r' || *next == '\n')) {
        next++;
        count--;
    }
    reader->has_begun = reader->has_begun || count > 0;
    while (count > 0 && reader->status == CX_OK) {
        size_t part = count < largest_chunk ? count : largest_chunk;
        xmlParseChunk(reader->parser, next, (int)part, 0);
        if (!reader->parser->wellFormed) fail(reader, CX_MALFORMED);
        next += part;
        count -= part;
    }
    if (is_last && reader->status == CX_OK) {
        xmlParseChunk(reader->parser, NULL, 0, 1);
        if (!reader->parser->wellFormed || reader->elements == 0 || reader->depth > 0) fail(reader, CX_MALFORMED);
    }
    return reader->status;
}

const cx_event *cx_next(cx_reader *reader) {
    if (reader->taken >= reader->count) return NULL;
    const entry *next = &reader->entries[reader->taken++];
    cx_event *event = &reader->event;
    event->kind = next->kind;
    event->name = reader->arena + next->name;
    event->name_length = next->name_length;
    event->text = reader->arena + next->text;
    event->text_length = next->text_length;
    return event;
}

void cx_free(cx_reader *reader) {
    if (reader == NULL) return;
    if (reader->parser != NULL) {
        // These handlers never make it; freed in case a version of the library does.
        if (reader->parser->myDoc != NULL) xmlFreeDoc(reader->parser->myDoc);
        reader->parser->myDoc = NULL;
        xmlFreeParserCtxt(reader->parser);
    }
    free(reader->starts);
    free(reader->open);
    free(reader->entries);
    free(reader->arena);
    free(reader);
}
