import SwiftletFiles

/// A lock: whoever takes the turn has it alone until giving it back.
///
/// A POSIX lock, as the thread sanitizer cannot see into the standard library's own.
package final class Turn: @unchecked Sendable {
  // Safe to share: this is what POSIX mutexes are for, and this one stays where it is until deinit.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  package init() { pthread_mutex_init(mutex, nil) }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  package func take() { pthread_mutex_lock(mutex) }
  package func give() { pthread_mutex_unlock(mutex) }
}
