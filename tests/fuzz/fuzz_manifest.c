/* SPDX-License-Identifier: MIT */
/* A manifest that is anything: what is left of it keeps to all bounds. */
#include <string.h>

#include "lib/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static bool is_text(const char *text, size_t capacity)
{
	return memchr(text, 0, capacity) != NULL;
}

static void check_service(const struct manifest *manifest, const struct manifest_service *service)
{
	require(service->name[0] != 0 && is_text(service->name, sizeof(service->name)));
	require(is_text(service->file, sizeof(service->file)));
	require(service->memory > 0 && service->memory <= MANIFEST_MEMORY_MAX && service->run <= MANIFEST_RUN_MAX);
	require(service->end_count <= MANIFEST_ENDS_MAX && service->text_size <= MANIFEST_TEXT_MAX);
	require(service->text_size == 0 || service->text[service->text_size - 1] == 0);
	require(is_text(service->failed_text, sizeof(service->failed_text)));
	for (uint32_t i = 0; i < service->end_count; i++)
		require(service->end[i].channel < manifest->channel_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest manifest;
	struct manifest_error error = { NULL, 0 };
	int result = manifest_parse(&manifest, (const char *)data, size, &error);

	require(result == 0 || (result == ERR_FORMAT && error.text != NULL && error.line > 0));
	require(manifest.service_count <= MANIFEST_SERVICES_MAX && manifest.channel_count <= MANIFEST_CHANNELS_MAX &&
		manifest.door_count <= MANIFEST_DOORS_MAX);
	for (uint32_t i = 0; i < manifest.service_count; i++)
		check_service(&manifest, &manifest.service[i]);
	for (uint32_t i = 0; i < manifest.door_count; i++)
		require(manifest.door[i].protocol != 0 && manifest.door[i].channel < manifest.channel_count);
	return 0;
}
