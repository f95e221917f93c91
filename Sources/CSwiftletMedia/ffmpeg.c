#include "ffmpeg.h"

#if SWM_HAS_FFMPEG
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)
#ifdef __APPLE__
#define LIBRARY(name, major) "lib" name "." TEXT(major) ".dylib"
#define HOW_TO_INSTALL "brew install ffmpeg"
#else
#define LIBRARY(name, major) "lib" name ".so." TEXT(major)
#define HOW_TO_INSTALL "sudo apt-get install libavcodec" TEXT(LIBAVCODEC_VERSION_MAJOR) " libavutil" TEXT(LIBAVUTIL_VERSION_MAJOR)
#endif

_Thread_local char swm_ffmpeg_message[160];

static swm_ffmpeg functions;
static swm_error load_error;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void keep_message(void *context, int level, const char *format, va_list arguments) {
  (void)context;
  if (level > AV_LOG_ERROR || swm_ffmpeg_message[0] != 0) return;
  vsnprintf(swm_ffmpeg_message, sizeof swm_ffmpeg_message, format, arguments);
  swm_ffmpeg_message[strcspn(swm_ffmpeg_message, "\r\n")] = 0;
}

static void *open_library(const char *name) {
  void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL && load_error.text[0] == 0) {
    swm_fail(&load_error, SWM_MISSING_LIBRARY, "FFmpeg's %s cannot be loaded; install it with: " HOW_TO_INSTALL, name);
  }
  return library;
}

static void load(void) {
  void *avcodec = open_library(LIBRARY("avcodec", LIBAVCODEC_VERSION_MAJOR));
  void *avutil = open_library(LIBRARY("avutil", LIBAVUTIL_VERSION_MAJOR));
  if (avcodec == NULL || avutil == NULL) return;
  const char *missing = NULL;
#define X(name) \
  if ((functions.name = (__typeof__(&name))dlsym(avcodec, #name)) == NULL) missing = #name;
  SWM_AVCODEC_FUNCTIONS(X)
#undef X
#define X(name) \
  if ((functions.name = (__typeof__(&name))dlsym(avutil, #name)) == NULL) missing = #name;
  SWM_AVUTIL_FUNCTIONS(X)
#undef X
  if (missing != NULL) {
    swm_fail(&load_error, SWM_MISSING_LIBRARY, "FFmpeg's libraries lack %s; install the usual build with: " HOW_TO_INSTALL, missing);
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

#else

const swm_ffmpeg *swm_ffmpeg_load(swm_error *error) {
  swm_fail(error, SWM_MISSING_LIBRARY,
    "this build has no image decoder, FFmpeg's headers were missing; install them with: sudo apt-get install libavcodec-dev libavutil-dev, and build again");
  return NULL;
}

#endif

swm_status swm_ffmpeg_available(swm_error *error) {
  return swm_ffmpeg_load(error) != NULL ? SWM_OK : SWM_MISSING_LIBRARY;
}
