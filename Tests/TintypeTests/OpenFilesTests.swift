import Glibc
import Logging
import Testing

@testable import tintype

@Suite("Open files")
struct OpenFilesTests {
    @Test("The soft limit is raised to the hard limit")
    func raise() {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        #expect(unsafe getrlimit(resource, &limit) == 0)
        // Lower by only one, because other tests are running.
        limit.rlim_cur = limit.rlim_max - 1
        #expect(unsafe setrlimit(resource, &limit) == 0)
        OpenFiles.raiseLimit(logger: Logger(label: "test"))
        #expect(unsafe getrlimit(resource, &limit) == 0)
        #expect(limit.rlim_cur == limit.rlim_max)
    }
}
