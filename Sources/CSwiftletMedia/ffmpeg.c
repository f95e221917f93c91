#include "ffmpeg.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#ifdef __APPLE__
#define LIBRARY_NAME "libavcodec.%d.dylib"
#define HOW_TO_INSTALL "brew install ffmpeg"
#else
#define LIBRARY_NAME "libavcodec.so.%d"
#define HOW_TO_INSTALL "sudo apt-get install ffmpeg"
#endif

_Thread_local char swm_ffmpeg_message[160];

static swm_ffmpeg functions;
static swm_error load_error;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void keep_message(void *context, int level, const char *format, va_list arguments) {
  (void)context;
  if (level > SWM_AV_LOG_ERROR || swm_ffmpeg_message[0] != 0) return;
  vsnprintf(swm_ffmpeg_message, sizeof swm_ffmpeg_message, format, arguments);
  swm_ffmpeg_message[strcspn(swm_ffmpeg_message, "\r\n")] = 0;
}

/// The library that SWIFTLET_LIBAVCODEC names, or else the newest that is installed.
static void *open_library(void) {
  const char *chosen = getenv("SWIFTLET_LIBAVCODEC");
  if (chosen != NULL && chosen[0] != 0) {
    void *library = dlopen(chosen, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) swm_fail(&load_error, SWM_MISSING_LIBRARY, "SWIFTLET_LIBAVCODEC cannot be loaded: %s", dlerror());
    return library;
  }
  for (int major = SWM_LAST_AVCODEC; major >= SWM_FIRST_AVCODEC; major--) {
    char name[32];
    snprintf(name, sizeof name, LIBRARY_NAME, major);
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library != NULL) return library;
  }
  swm_fail(&load_error, SWM_MISSING_LIBRARY, "FFmpeg's libavcodec (major %d to %d) cannot be loaded; install FFmpeg 4 to 8 with: " HOW_TO_INSTALL,
    SWM_FIRST_AVCODEC, SWM_LAST_AVCODEC);
  return NULL;
}

static void load(void) {
  void *library = open_library();
  if (library == NULL) return;
  const char *missing = NULL;
#define X(result, name, parameters) \
  if ((functions.name = (result(*) parameters)dlsym(library, #name)) == NULL) missing = #name;
  SWM_FFMPEG_FUNCTIONS(X)
#undef X
  if (missing != NULL) {
    swm_fail(&load_error, SWM_MISSING_LIBRARY, "FFmpeg's libavcodec lacks %s; install FFmpeg 4 to 8 with: " HOW_TO_INSTALL, missing);
    return;
  }
  int major = (int)(functions.avcodec_version() >> 16);
  if (major < SWM_FIRST_AVCODEC || major > SWM_LAST_AVCODEC) {
    swm_fail(&load_error, SWM_MISSING_LIBRARY, "FFmpeg's libavcodec has major %d, and %d to %d are known; install FFmpeg 4 to 8 with: " HOW_TO_INSTALL,
      major, SWM_FIRST_AVCODEC, SWM_LAST_AVCODEC);
    return;
  }
  functions.av_log_set_callback(keep_message);
}

const swm_ffmpeg *swm_ffmpeg_load(swm_error *error) {
  pthread_once(&once, load);
  if (load_error.text[0] == 0) return &functions;
  *error = load_error;
  return NULL;
}

swm_status swm_ffmpeg_available(swm_error *error) {
  return swm_ffmpeg_load(error) != NULL ? SWM_OK : SWM_MISSING_LIBRARY;
}
