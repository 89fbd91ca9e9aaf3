/* gzip.c: request bodies in gzip form, which Zuora takes with
 * "Content-Encoding: gzip". */
#include "request.h"

#include <string.h>
#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16, GZIP_MEMORY = 8 };

static zuora_code compress_into(zuora_text *out, z_stream *stream)
{
  unsigned char chunk[4096];
  int code;
  do {
    stream->next_out = chunk;
    stream->avail_out = sizeof chunk;
    code = deflate(stream, Z_FINISH);
    zuora__text_add(out, (char *)chunk, sizeof chunk - stream->avail_out);
  } while (code == Z_OK && !out->failed);
  return code == Z_STREAM_END ? out->failed : ZUORA_MEMORY;
}

static voidpf allocate(voidpf user, uInt count, uInt size)
{
  (void)user;
  return zuora__calloc(count, size);
}

static void release(voidpf user, voidpf block)
{
  (void)user;
  zuora__free(block);
}

zuora_code zuora__gzip(zuora_text *text)
{
  zuora_text out;
  z_stream stream;
  zuora_code code;
  memset(&stream, 0, sizeof stream);
  stream.zalloc = allocate;
  stream.zfree = release;
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW,
                   GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
    return ZUORA_MEMORY;
  zuora__text_init(&out, text->limit);
  stream.next_in = (unsigned char *)text->data;
  stream.avail_in = (uInt)text->size;
  code = compress_into(&out, &stream);
  deflateEnd(&stream);
  if (code) {
    zuora__text_free(&out);
    return code;
  }
  zuora__text_free(text);
  *text = out;
  return ZUORA_OK;
}
