#ifndef SWL_PAUSE_H
#define SWL_PAUSE_H

/// Tells the processor that this thread spins, so that it saves power and gives way to its sibling.
static inline void swl_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

#endif
