/* SPDX-License-Identifier: MIT */
/*
 * The reader of the archive of services, on an archive of any size and content. Reading of one entry, the check of a name
 * and the walk over all entries are proved one by one; each takes what the others show.
 */
#include "proofs/prover.h"

#include "lib/archive.c"

#define HEADER (sizeof(struct archive_header))
#define ENTRY (sizeof(struct archive_entry))

static struct archive archive;
static uint32_t witness; /* an entry that nobody chose, */
static struct archive_entry witness_entry, witness_next; /* what it says, and the one behind it */
static uint32_t ended;   /* names of that many entries end */

static const uint8_t *any_data(uint64_t *size)
{
	*size = any_u64();
	ASSUME(*size <= 1ull << 40);
	return __CPROVER_allocate(*size, 0);
}

/* An archive whose entries lie inside, of any content. */
static void any_archive(void)
{
	archive.data = any_data(&archive.size);
	archive.count = any_u8() % (ARCHIVE_FILES_MAX + 1u);
	ASSUME(archive.size >= HEADER + archive.count * ENTRY);
	witness = any_u8() % ARCHIVE_FILES_MAX;
}

static bool name_ends(const char *name)
{
	return __CPROVER_r_ok(name, SERVICE_NAME_MAX) && name[SERVICE_NAME_MAX - 1] == 0;
}

/* ---- one entry ---- */

void prove_entry(void)
{
	struct archive_entry entry;
	uint32_t byte = any_u8() % ENTRY;

	any_archive();
	ASSUME(witness < archive.count);
	archive_entry(&archive, witness, &entry);
	PROVE(((const uint8_t *)&entry)[byte] == archive.data[HEADER + witness * ENTRY + byte], "the bytes at the entry's place");
	CANARY("read");
}

/* Entries lie inside an archive whose size and count were checked; but for the witness each may be any. */
void stub_archive_entry(const struct archive *of, uint32_t index, struct archive_entry *entry)
{
	struct archive_entry any;

	PROVE(index < of->count && of->count <= ARCHIVE_FILES_MAX && of->size >= HEADER + of->count * ENTRY, "the entry lies inside");
	ASSUME(IMPLIES(index < ended, name_ends(any.name)));
	*entry = index == witness ? witness_entry : index == witness + 1 ? witness_next : any;
}

/* ---- names ---- */

static const char *wanted;
static uint32_t compared;
static int witness_order;

/* Both strings must end within a name; the result is any, and kept for the witness. */
int strcmp(const char *a, const char *b)
{
	int order = any_int();
	uint32_t i = any_u8() % SERVICE_NAME_MAX;

	PROVE(name_ends(a) && name_ends(b) && b == wanted, "both names end; one is that which is wanted");
	if (compared++ == witness) {
		PROVE(a[i] == witness_entry.name[i], "the other is that of the next entry");
		witness_order = order;
	}
	return order;
}

static void any_ended(uint32_t count)
{
	ended = count;
	witness_entry = ANY(struct archive_entry);
	witness_next = ANY(struct archive_entry);
	ASSUME(IMPLIES(witness < ended, name_ends(witness_entry.name)));
	ASSUME(IMPLIES(witness + 1 < ended, name_ends(witness_next.name)));
}

void prove_name(void)
{
	char name[SERVICE_NAME_MAX];
	uint32_t index = any_u8() % ARCHIVE_FILES_MAX;

	any_archive();
	ASSUME(index < archive.count);
	any_ended(index);
	wanted = name;
	if (!name_is_good(&archive, index, name)) {
		CANARY("refused");
		return;
	}
	PROVE(name[0] != 0 && name_ends(name), "the name is not empty and ends");
	PROVE(compared == index && IMPLIES(witness < index, witness_order != 0), "no entry before has it");
	CANARY("accepted");
}

bool stub_name_is_good(const struct archive *of, uint32_t index, const char *name)
{
	PROVE(index < of->count, "an entry that is there");
	return any_bool() && name[0] != 0 && name_ends(name);
}

/* ---- opening ---- */

static void check_witness(uint64_t size)
{
	const struct archive_entry *entry = &witness_entry, *next = &witness_next;

	PROVE(entry->name[0] != 0 && name_ends(entry->name), "its name is not empty and ends");
	PROVE(is_aligned(entry->offset, PAGE_SIZE), "it begins at a page");
	PROVE(entry->offset >= HEADER + archive.count * ENTRY, "it begins behind the entries");
	PROVE(entry->offset <= size && entry->size <= size - entry->offset, "it lies inside");
	CANARY("a file");
	if (witness + 1 == archive.count)
		return;
	PROVE(next->offset >= entry->offset + entry->size, "the next one lies behind it");
	CANARY("a second file");
}

void prove_open(void)
{
	uint64_t size;
	const uint8_t *data = any_data(&size);

	witness = any_u8() % ARCHIVE_FILES_MAX;
	witness_entry = ANY(struct archive_entry);
	witness_next = ANY(struct archive_entry);
	int error = archive_open(&archive, data, size);

	PROVE(error == 0 || error == ERR_FORMAT, "a documented error");
	if (error != 0) {
		PROVE(archive.data == NULL && archive.count == 0 && archive.size == 0, "what is refused leaves nothing");
		CANARY("refused");
		return;
	}
	PROVE(archive.data == data && archive.size == size && archive.count <= ARCHIVE_FILES_MAX, "the archive that was given");
	PROVE(size >= HEADER + archive.count * ENTRY && is_aligned(size, PAGE_SIZE), "its entries lie inside");
	CANARY("opened");
	if (witness < archive.count)
		check_witness(size);
}

/* ---- looking up ---- */

void prove_find(void)
{
	char name[SERVICE_NAME_MAX];
	uint64_t offset = 0, size = 0;

	any_archive();
	any_ended(archive.count);
	ASSUME(name_ends(name));
	wanted = name;
	if (archive_find(&archive, name, &offset, &size) != 0) {
		PROVE(compared == archive.count && IMPLIES(witness < archive.count, witness_order != 0), "no entry has the name");
		CANARY("not found");
		return;
	}
	ASSUME(compared == witness + 1); /* the witness is the entry that was found */
	PROVE(witness < archive.count && witness_order == 0, "the entry has the name");
	PROVE(offset == witness_entry.offset && size == witness_entry.size, "place and length are those of the entry");
	CANARY("found");
}
