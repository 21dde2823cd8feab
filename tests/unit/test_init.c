/* SPDX-License-Identifier: MIT */
/* The first process, over a monitor of the test: what it starts, with what, and what it does when something ends. */
#include "tests/unit/bare_service.h"
#include "services/init/main.c"
#include "tests/unit/unit.h"

#define STARTS_MAX 16u
#define FIRST_END 4

static const char *manifest_text;
static struct service_start started[STARTS_MAX];
static char environments[STARTS_MAX][SERVICE_ENVIRONMENT_MAX + 1];
static uint32_t starts, channels, published, lines;
static int32_t closed[STARTS_MAX];
static uint32_t closings;
static int64_t start_error; /* of every start from now on; 0: none */
static struct service_exit ends[STARTS_MAX]; /* what SYS_PROCESS_WAIT answers, in turn */
static uint32_t end_count, waits;
static uint64_t channels_left;

static int64_t start_process(const struct service_start *start)
{
	CHECK(starts < STARTS_MAX);
	CHECK(start->environment_size <= SERVICE_ENVIRONMENT_MAX);
	started[starts] = *start;
	memcpy(environments[starts], (const void *)(uintptr_t)start->environment, start->environment_size);
	environments[starts][start->environment_size] = '\0';
	starts++;
	return start_error != 0 ? start_error : (int64_t)(FIRST_END + 2 * MANIFEST_CHANNELS_MAX + starts);
}

static int64_t bare_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	switch (number) {
	case SYS_LOG: lines++; return 0;
	case SYS_FILE_MAP:
		CHECK_EQ(a, SERVICE_INIT_ARCHIVE);
		CHECK_TEXT((const char *)(uintptr_t)b, SERVICE_INIT_MANIFEST);
		if (manifest_text == NULL)
			return ERR_NOT_FOUND;
		*(struct service_file *)(uintptr_t)c = (struct service_file){ service_address(manifest_text),
									      strlen(manifest_text) };
		return 0;
	case SYS_CHANNEL_CREATE: {
		int32_t *pair = (int32_t *)(uintptr_t)a;

		if (channels == channels_left)
			return ERR_NO_MEMORY;
		pair[0] = FIRST_END + (int32_t)(2 * channels);
		pair[1] = pair[0] + 1;
		channels++;
		return 0;
	}
	case SYS_PROCESS_START:
		CHECK_EQ(a, SERVICE_INIT_ARCHIVE);
		return start_process((const struct service_start *)(uintptr_t)b);
	case SYS_PROCESS_WAIT:
		if (waits == end_count)
			return ERR_STATE;
		*(struct service_exit *)(uintptr_t)a = ends[waits++];
		return 0;
	case SYS_HANDLE_CLOSE:
		CHECK(closings < STARTS_MAX);
		closed[closings++] = (int32_t)a;
		return 0;
	case SYS_PUBLISH:
		CHECK_EQ(a, SERVICE_INIT_DOOR);
		published++;
		return 0;
	default: CHECK_EQ(number, SYS_EXIT); return ERR_STATE; /* init has no use for it */
	}
}

/* Runs init over this manifest until nothing is left to wait for. */
static void run(const char *text, const char *const *strings)
{
	static const char *const usual[] = { "HANDLES=log=0 random=1 archive=2 door=3", NULL };

	memset(services, 0, sizeof(services));
	manifest_text = text;
	starts = channels = published = lines = closings = waits = 0;
	bare_environment(strings != NULL ? strings : usual);
	service_main();
	CHECK_EQ(waits, end_count);
}

static void reset(void)
{
	start_error = 0;
	end_count = 0;
	channels_left = MANIFEST_CHANNELS_MAX;
}

/* One of its strings. */
static bool has(uint32_t start, const char *string)
{
	const char *at = environments[start], *end = at + started[start].environment_size;

	for (; at < end; at += strlen(at) + 1) {
		if (strcmp(at, string) == 0)
			return true;
	}
	return false;
}

static void ends_with(uint32_t count)
{
	end_count = count;
	for (uint32_t i = 0; i < count; i++)
		ends[i] = (struct service_exit){ .handle = (int32_t)(FIRST_END + 2 * MANIFEST_CHANNELS_MAX + 1 + i) };
}

TEST(starts_what_is_asked_for)
{
	reset();
	run("service tpm\n file vtpm\n memory 8M\n run 77\n handles log random\n serve t\n door 2 t\n env A=1\n"
	    "service client\n use t\n",
	    NULL);
	CHECK_EQ(starts, 2);
	CHECK_TEXT(started[0].name, "tpm");
	CHECK_TEXT(started[0].file, "vtpm");
	CHECK_EQ(started[0].memory_limit, 8 << 20);
	CHECK_EQ(started[0].run_limit, 77);
	CHECK_EQ(started[0].handle_count, 3);
	CHECK_EQ(started[0].handle[0], SERVICE_INIT_LOG);
	CHECK_EQ(started[0].handle[1], SERVICE_INIT_RANDOM);
	CHECK_EQ(started[0].handle[2], FIRST_END);
	CHECK(has(0, "HANDLES=log=0 random=1 t=2") && has(0, "A=1"));
	CHECK_EQ(started[1].handle[0], FIRST_END + 1);
	CHECK(has(1, "HANDLES=t=0"));
	CHECK_EQ(published, 1);
	CHECK_EQ(closings, 0);
}

/* As many channels as there can be, with names as long as they can be: all of them are named. */
TEST(long_names_of_handles)
{
	char text[2048] = "service a\n handles log random\n", all[512] = "HANDLES=log=0 random=1";

	for (uint32_t i = 0; i < MANIFEST_CHANNELS_MAX; i++) {
		char name[SERVICE_NAME_MAX];

		memset(name, 'a' + (int)i, sizeof(name) - 1);
		name[sizeof(name) - 1] = '\0';
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), " serve %s\n", name);
		(void)snprintf(all + strlen(all), sizeof(all) - strlen(all), " %s=%u", name, i + 2);
	}
	reset();
	run(text, NULL);
	CHECK_EQ(starts, 1);
	CHECK_EQ(started[0].handle_count, MANIFEST_CHANNELS_MAX + 2);
	CHECK(has(0, all));
}

TEST(restarts)
{
	/* Twice again, and then it stays down: nobody serves its channel. */
	reset();
	ends_with(3);
	run("service a\n serve t\n restart always 2\n", NULL);
	CHECK_EQ(starts, 3);
	CHECK_EQ(closings, 1);
	CHECK_EQ(closed[0], FIRST_END);

	/* One that never comes back. */
	reset();
	ends_with(1);
	run("service a\n serve t\n", NULL);
	CHECK_EQ(starts, 1);
	CHECK_EQ(closings, 1);

	/* One that is told why it runs again. */
	reset();
	ends_with(MANIFEST_FAILED_MAX + 1);
	run("service a\n serve t\n restart failed MODE=failed\n", NULL);
	CHECK_EQ(starts, MANIFEST_FAILED_MAX + 1);
	CHECK(!has(0, "MODE=failed"));
	for (uint32_t i = 1; i < starts; i++)
		CHECK(has(i, "MODE=failed"));
	CHECK_EQ(closings, 1);

	/* The end of something else. */
	reset();
	ends_with(1);
	ends[0].handle = 1000;
	run("service a\n serve t\n restart always 2\n", NULL);
	CHECK_EQ(starts, 1);
	CHECK_EQ(closings, 0);
}

TEST(what_cannot_start)
{
	reset();
	start_error = ERR_NOT_FOUND;
	run("service a\n serve t\n door 2 t\n restart always 2\n", NULL);
	CHECK_EQ(starts, 1);
	CHECK_EQ(closings, 1);
	CHECK_EQ(closed[0], FIRST_END);
	CHECK_EQ(published, 0);

	/* No channel: nothing starts without what it serves. */
	reset();
	channels_left = 1;
	run("service a\n serve t\nservice b\n serve u\n", NULL);
	CHECK_EQ(starts, 0);
	CHECK_EQ(published, 0);
}

TEST(manifests_that_are_wrong)
{
	reset();
	run(NULL, NULL);
	CHECK_EQ(starts, 0);
	CHECK_EQ(lines, 1);
	/* What stands before the mistake is used. */
	reset();
	run("service a\n serve t\nservice b\n nonsense\n", NULL);
	CHECK(starts >= 1);
	CHECK_TEXT(started[0].name, "a");
	reset();
	run("", NULL);
	CHECK_EQ(starts, 0);
}

TEST(policy)
{
	static const char *const off[] = { "HANDLES=log=0", "SERVICES_OFF=other a", "SECURE_BOOT=on", NULL };
	static const char *const longer[] = { "HANDLES=log=0", "SECURE_BOOT=a mode that nobody knows and that is long", NULL };

	reset();
	run("service a\n serve t\n door 2 t\nservice aa\n use t\n", off);
	CHECK_EQ(starts, 1);
	CHECK_TEXT(started[0].name, "aa");
	CHECK(has(0, "SECURE_BOOT=on"));
	CHECK_EQ(closings, 1);
	CHECK_EQ(published, 0);
	reset();
	run("service a\n", longer);
	CHECK_EQ(starts, 1);
	CHECK_EQ(started[0].environment_size, sizeof("HANDLES="));
}
