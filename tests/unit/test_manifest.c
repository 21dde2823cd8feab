/* SPDX-License-Identifier: MIT */
/* The manifest of services: every line, and everything that can be wrong with one. */
#include "lib/manifest.h"
#include "tests/unit/unit.h"

static struct manifest manifest;
static struct manifest_error error;

static int parse(const char *text)
{
	error = (struct manifest_error){ NULL, 0 };
	return manifest_parse(&manifest, text, strlen(text), &error);
}

TEST(everything)
{
	const struct manifest_service *service = &manifest.service[0];

	CHECK_EQ(parse("# comment\n"
		       "service tpm # the TPM\n"
		       "  file vtpm\n"
		       "\tmemory 8M\r\n"
		       "  run 5000\n"
		       "  handles random log\n"
		       "  serve tpm\n"
		       "  door 2 tpm\n"
		       "  env A=1\n"
		       "  env B=\n"
		       "  restart failed MODE=failed\n"
		       "\n"
		       "service client\n"
		       "  use tpm\n"
		       "  restart always 3"),
		 0);
	CHECK_EQ(manifest.service_count, 2);
	CHECK_TEXT(service->name, "tpm");
	CHECK_TEXT(service->file, "vtpm");
	CHECK_EQ(service->memory, 8 << 20);
	CHECK_EQ(service->run, 5000);
	CHECK(service->log && service->random);
	CHECK_EQ(service->end_count, 1);
	CHECK(service->end[0].server);
	CHECK_EQ(service->text_size, 7);
	CHECK_EQ(memcmp(service->text, "A=1\0B=\0", 7), 0);
	CHECK_EQ(service->restart, RESTART_FAILED);
	CHECK_TEXT(service->failed_text, "MODE=failed");
	CHECK_EQ(manifest.door_count, 1);
	CHECK_EQ(manifest.door[0].protocol, 2);
	service = &manifest.service[1];
	CHECK_TEXT(service->file, "client");
	CHECK_EQ(service->memory, 1 << 20);
	CHECK(!service->log && !service->random && !service->end[0].server);
	CHECK_EQ(service->restart, RESTART_ALWAYS);
	CHECK_EQ(service->restarts, 3);
	CHECK_EQ(manifest.channel_count, 1);
}

TEST(nothing)
{
	CHECK_EQ(parse(""), 0);
	CHECK_EQ(manifest.service_count, 0);
	CHECK_EQ(parse("\n\n# only this"), 0);
	CHECK_EQ(manifest.service_count, 0);
}

TEST(errors)
{
	static const char *const bad[] = {
		"service", "service a b", "service a/b", "service 01234567890123456789012345678901", "file x", "nonsense",
		"service a\nservice a", "service a\nnonsense", "service a\nmemory 0", "service a\nmemory 17M",
		"service a\nmemory 16777217", "service a\nmemory 99999999999999999999999", "service a\nmemory 1G",
		"service a\nmemory 1Mx", "service a\nmemory -1", "service a\nmemory", "service a\nrun 0",
		"service a\nrun 600001", "service a\nrun x", "service a\nhandles door", "service a\nserve a/b",
		"service a\nuse", "service a\nserve c\ndoor 0 c", "service a\nserve c\ndoor x c", "service a\ndoor 2 c",
		"service a\nserve c\ndoor 4294967296 c", "service a\nserve c\ndoor 2 c\ndoor 2 c",
		"service a\nserve c\ndoor 2 c d", "service a\nserve c\ndoor 2", "service a\nenv A", "service a\nenv =1",
		"service a\nenv HANDLES=log=0", "service a\nrestart", "service a\nrestart maybe", "service a\nrestart always",
		"service a\nrestart always x", "service a\nrestart never 1", "service a\nrestart failed A",
		"service a\nrestart failed HANDLES=1", "service a\nhandles log random log random",
	};

	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint32_t line = 1;

		for (const char *at = bad[i]; *at != 0; at++)
			line += *at == '\n' ? 1u : 0u;
		if (parse(bad[i]) != ERR_FORMAT)
			printf("%s\n", bad[i]);
		CHECK_EQ(parse(bad[i]), ERR_FORMAT);
		CHECK_EQ(error.line, line);
		CHECK(error.text != NULL);
	}
}

/* What stands before the bad line counts. */
TEST(rest_is_used)
{
	CHECK_EQ(parse("service a\nrun 7\nnonsense\nservice b"), ERR_FORMAT);
	CHECK_EQ(manifest.service_count, 1);
	CHECK_EQ(manifest.service[0].run, 7);
}

TEST(zero_byte_and_long_line)
{
	char text[400];

	CHECK_EQ(manifest_parse(&manifest, "service a\0b\n", 12, &error), ERR_FORMAT);
	memset(text, ' ', sizeof(text));
	CHECK_EQ(manifest_parse(&manifest, text, 255, &error), 0);
	CHECK_EQ(manifest_parse(&manifest, text, 256, &error), ERR_FORMAT);
}

/* One too many of each. */
static int repeat(const char *start, const char *format, uint32_t count)
{
	static char text[20000];
	size_t used = (size_t)snprintf(text, sizeof(text), "%s", start);

	for (uint32_t i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, format, i + 1, i + 1);
	return parse(text);
}

TEST(bounds)
{
	CHECK_EQ(repeat("", "service s%u\n", MANIFEST_SERVICES_MAX), 0);
	CHECK_EQ(repeat("", "service s%u\n", MANIFEST_SERVICES_MAX + 1), ERR_FORMAT);
	CHECK_EQ(repeat("service a\n", "serve c%u\n", MANIFEST_ENDS_MAX), 0);
	CHECK_EQ(repeat("service a\n", "use c\n", MANIFEST_ENDS_MAX + 1), ERR_FORMAT);
	CHECK_EQ(repeat("", "service s%u\nserve c%u\n", MANIFEST_CHANNELS_MAX), 0);
	CHECK_EQ(repeat("service a\nserve x\nservice b\n", "serve c%u\n", MANIFEST_CHANNELS_MAX), ERR_FORMAT);
	CHECK_EQ(repeat("service a\nserve c\n", "door %u c\n", MANIFEST_DOORS_MAX), 0);
	CHECK_EQ(repeat("service a\nserve c\n", "door %u c\n", MANIFEST_DOORS_MAX + 1), ERR_FORMAT);
	CHECK_EQ(repeat("service a\n", "env A=2345678\n", MANIFEST_TEXT_MAX / 10), 0);
	CHECK_EQ(repeat("service a\n", "env A=2345678\n", MANIFEST_TEXT_MAX / 10 + 1), ERR_FORMAT);
}
