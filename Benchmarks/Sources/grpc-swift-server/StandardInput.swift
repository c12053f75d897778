import Glibc

/// Ends the process when its standard input ends, so that it never outlives who started it.
func endWithStandardInput() {
    var thread = pthread_t()
    pthread_create(
        &thread, nil,
        { _ in
            var byte: UInt8 = 0
            while read(STDIN_FILENO, &byte, 1) > 0 {}
            exit(0)
        }, nil)
}
