/* CRC-32 as zlib, Ethernet and the binlog have it (polynomial 0x04C11DB7, bits reflected). */
#ifndef MILLRACE_BASE_CRC_H
#define MILLRACE_BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc_of(const void *data, size_t size);

#endif
