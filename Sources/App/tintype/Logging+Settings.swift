import Logging
import Telemetry
import TintypeSettings

extension LineFormat {
    init(_ format: LogFormat) {
        self =
            switch format {
            case .text: .text
            case .json: .json
            }
    }
}

extension Logger.Level {
    init(_ level: LogLevel) {
        self =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            case .critical: .critical
            }
    }
}
