#ifndef TT_STATUS_H
#define TT_STATUS_H

/// The result of an operation. Closed: Swift switches over it without a default, and no message text is ever read.
typedef enum __attribute__((enum_extensibility(closed))) tt_status {
    TT_OK = 0,
    /// The bytes are not of this format at all.
    TT_NOT_AN_IMAGE,
    /// A variant that the library cannot read or write.
    TT_UNSUPPORTED,
    TT_DAMAGED,
    /// The bytes end too early.
    TT_TRUNCATED,
    /// Larger than a given limit, or than the format allows.
    TT_TOO_LARGE,
    TT_NO_MEMORY,
    TT_CANCELLED,
    /// We called a library in a way that it rejects: a bug of this code, not of the file.
    TT_INTERNAL_ERROR,
} tt_status;

#endif
