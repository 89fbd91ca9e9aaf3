/* replay DIRECTORY...: runs a target over the inputs that were kept, without
 * libFuzzer; TAP, a test an input. What does not hold ends the process. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"

static int by_name(const struct dirent **a, const struct dirent **b)
{
  return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_input(const struct dirent *entry)
{
  return entry->d_name[0] != '.';
}

static void run_file(const char *path)
{
  FILE *file = fopen(path, "rb");
  uint8_t *data;
  long size;
  if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0)
    exit(2);
  rewind(file);
  data = malloc((size_t)size + 1);
  if (!data || fread(data, 1, (size_t)size, file) != (size_t)size)
    exit(2);
  fclose(file);
  LLVMFuzzerTestOneInput(data, (size_t)size);
  free(data);
}

static void run_directory(const char *directory)
{
  struct dirent **entries;
  char path[1024];
  int i, count = scandir(directory, &entries, is_input, by_name);
  if (count < 1)
    exit(2);
  printf("1..%d\n", count);
  for (i = 0; i < count; i++) {
    snprintf(path, sizeof path, "%s/%s", directory, entries[i]->d_name);
    fflush(stdout);
    run_file(path);
    printf("ok %d - %s\n", i + 1, path);
    free(entries[i]);
  }
  free(entries);
}

int main(int count, char **arguments)
{
  int i;
  for (i = 1; i < count; i++)
    run_directory(arguments[i]);
  return 0;
}
