// The CRC-32 of zip, eight bytes a step.
//
// Source: ISO 3309; the slicing is from Kounavis and Berry, "Novel Table Lookup-Based Algorithms for High-Performance
// CRC Generation" (2008).
#include <pthread.h>

#include "swiftlet_files.h"

static uint32_t table[8][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill_table(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t remainder = byte;
    for (int bit = 0; bit < 8; bit++) remainder = remainder >> 1 ^ (remainder & 1 ? 0xEDB88320u : 0);
    table[0][byte] = remainder;
  }
  for (int i = 1; i < 8; i++) {
    for (int byte = 0; byte < 256; byte++) {
      table[i][byte] = table[i - 1][byte] >> 8 ^ table[0][table[i - 1][byte] & 0xFF];
    }
  }
}

uint32_t swf_crc32(const uint8_t *data, size_t size) {
  pthread_once(&once, fill_table);
  uint32_t crc = ~0u;
  for (; size >= 8; size -= 8, data += 8) {
    crc = table[7][(crc ^ data[0]) & 0xFF] ^ table[6][(crc >> 8 ^ data[1]) & 0xFF] ^
          table[5][(crc >> 16 ^ data[2]) & 0xFF] ^ table[4][crc >> 24 ^ data[3]] ^ table[3][data[4]] ^
          table[2][data[5]] ^ table[1][data[6]] ^ table[0][data[7]];
  }
  for (; size > 0; size--, data++) crc = crc >> 8 ^ table[0][(crc ^ *data) & 0xFF];
  return ~crc;
}
