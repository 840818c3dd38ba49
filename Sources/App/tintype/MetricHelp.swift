import ImageService
import Metrics

/// The meaning of each metric, as shown by /metrics.
enum MetricHelp {
    static let texts: [String: String] = [
        "tintype_jwks_refresh_total": "Refreshes of the JWK set of JWT_JWKS_URL.",
        "tintype_key_reloads_total": "Files of keys, and policies, that changed and were read again.",
        "tintype_rate_limited_total": "Rejections by RATE_LIMITS (429): reads, writes, pixels, failures.",
        "tintype_http_requests_total": "Requests answered by the public listener.",
        "tintype_http_request_duration_seconds": "From the complete request head to the last byte of the answer.",
        "tintype_http_sent_bytes_total": "Bytes of answers, heads included.",
        "tintype_http_received_bytes_total": "Bytes of request bodies.",
        "tintype_cache_answers_total": "Reads by how the cache answered: hit, miss, revalidated, stale.",
        "tintype_cache_used_bytes": "Bytes that the memory cache holds, those included that are being sent.",
        "tintype_upload_buffer_bytes": "Bytes that uploads hold in memory.",
        "tintype_uploads_waiting": "Uploads that wait for memory.",
        "tintype_answer_buffer_bytes": "Bytes that answers hold in memory for their readers, beside the cache.",
        "tintype_answers_waiting": "Answers that wait for memory.",
        "tintype_codec_queued": "Codec jobs that wait for a permit, for memory or for a thread.",
        "tintype_codec_running": "Codec jobs that run.",
        "tintype_codec_queue_age_seconds": "How long the codec job that waits longest has waited.",
        "tintype_renditions_rendered_total": "Renditions that were rendered.",
        "tintype_renditions_found_total": "Renditions that were found in the store, where they had been kept.",
        "tintype_intermediates_rendered_total": "Intermediates of large originals that were rendered.",
        "tintype_codec_errors_total": "Images that a codec library rejected for a reason that was not foreseen.",
        "tintype_codec_wait_seconds": "How long codec jobs waited for their permit.",
        "tintype_codec_rejected_total":
            "Codec jobs rejected (503): the queue was full, displaced by a client with less waiting, late, or crowded: no memory or thread in time.",
        "tintype_listings_rejected_total": "Listings rejected (503): too many were waiting, or no permit came in time.",
        "tintype_derived_removals_abandoned_total": "Originals whose derived objects could not be removed.",
        "tintype_s3_retries_total": "Requests to the S3 store that were sent again after a failed try.",
        "tintype_s3_listed_passed_over_total": "Listed objects without key, ETag or size, which were left out.",
        "tintype_log_lines_dropped_total": "Log lines that were lost, since standard error took no more of them.",
        "tintype_storage_away": "1 while the store counts as away.",
    ]
}

/// Sets the gauges whose values are only read when somebody asks.
func recordUsage(_ service: ImageService.Usage, _ workers: CodecWorkers.Usage) {
    Gauge(label: "tintype_cache_used_bytes").record(service.cacheBytes)
    Gauge(label: "tintype_upload_buffer_bytes").record(service.uploadBytes)
    Gauge(label: "tintype_uploads_waiting").record(service.uploadsWaiting)
    Gauge(label: "tintype_answer_buffer_bytes").record(service.answerBytes)
    Gauge(label: "tintype_answers_waiting").record(service.answersWaiting)
    Gauge(label: "tintype_codec_queued").record(workers.queued)
    Gauge(label: "tintype_codec_running").record(workers.running)
    Gauge(label: "tintype_codec_queue_age_seconds").record(workers.oldestQueuedSeconds)
    Gauge(label: "tintype_storage_away").record(service.isStorageAway ? 1 : 0)
}
