// zlib's inflate, from the system's library. Three functions and one struct of a stable interface are declared here: the
// library is on every machine, its header comes with a package for developers (zlib1g-dev) that building must not ask for.
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

#include "swiftlet_files.h"

typedef struct {
  const uint8_t *next_in;
  unsigned available_in;
  unsigned long total_in;
  uint8_t *next_out;
  unsigned available_out;
  unsigned long total_out;
  const char *message;
  void *state, *allocate, *release, *opaque;
  int data_type;
  unsigned long checksum, reserved;
} zlib_stream;

#ifdef __APPLE__
#define LIBRARY "libz.1.dylib"
#else
#define LIBRARY "libz.so.1"
#endif

static int (*inflate_init2)(zlib_stream *, int window_bits, const char *version, int stream_size);
static int (*inflate)(zlib_stream *, int flush);
static int (*inflate_end)(zlib_stream *);
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
  void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return;
  inflate_init2 = (__typeof__(inflate_init2))dlsym(library, "inflateInit2_");
  inflate = (__typeof__(inflate))dlsym(library, "inflate");
  inflate_end = (__typeof__(inflate_end))dlsym(library, "inflateEnd");
}

/// Sets the text and returns the status.
__attribute__((format(printf, 3, 4))) static swf_status fail(swf_error *error, swf_status status, const char *format,
                                                             ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->text, sizeof error->text, format, arguments);
  va_end(arguments);
  return status;
}

swf_status swf_inflate(const uint8_t *data, size_t size, swf_deflate_container container, uint8_t *output,
                       size_t output_size, swf_error *error) {
  enum { zlib_ok = 0, zlib_stream_end = 1, zlib_buffer_error = -5, zlib_no_flush = 0 };
  enum { raw_window = -15, gzip_window = 15 + 16 };
  pthread_once(&once, load);
  if (inflate_init2 == NULL || inflate == NULL || inflate_end == NULL) {
    return fail(error, SWF_UNAVAILABLE,
                "zlib's " LIBRARY " cannot be loaded; install it with: sudo apt-get install zlib1g");
  }
  zlib_stream stream = {0};
  int window = container == SWF_DEFLATE_GZIP ? gzip_window : raw_window;
  if (inflate_init2(&stream, window, "1.2.0", (int)sizeof stream) != zlib_ok) {
    return fail(error, SWF_UNAVAILABLE, "zlib does not start");
  }
  enum { portion = 1 << 30 };  // the counters of the interface have 32 bits
  size_t read = 0, written = 0;
  int code = zlib_ok;
  while (code == zlib_ok) {
    uint8_t beyond;  // tells data that goes on from data that ends here
    size_t room = output_size - written < portion ? output_size - written : portion;
    stream.next_in = data + read;
    stream.available_in = (unsigned)(size - read < portion ? size - read : portion);
    stream.next_out = room > 0 ? output + written : &beyond;
    stream.available_out = room > 0 ? (unsigned)room : 1;
    unsigned given_in = stream.available_in, given_out = stream.available_out;
    code = inflate(&stream, zlib_no_flush);
    read += given_in - stream.available_in;
    written += given_out - stream.available_out;
    if (written > output_size) code = zlib_buffer_error;
  }
  swf_status status = SWF_OK;
  if (written > output_size) {
    status = fail(error, SWF_DAMAGED, "the compressed data holds more than the %zu bytes announced", output_size);
  } else if (code != zlib_stream_end) {
    status = fail(error, SWF_DAMAGED, "the compressed data is %s", stream.message != NULL ? stream.message : "cut off");
  } else if (written != output_size) {
    status = fail(error, SWF_DAMAGED, "the compressed data holds %zu bytes instead of %zu", written, output_size);
  }
  inflate_end(&stream);
  return status;
}
