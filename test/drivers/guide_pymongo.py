"""PyMongo's change-stream guide, example by example, against a running server: python guide_pymongo.py URI

Each test runs twice: through MongoClient, and through AsyncMongoClient, which `Blocking` drives from code that cannot
await. Tests of what only one of the two has follow behind. Ends with one line that counts, and fails if a test did.
"""

import asyncio
import datetime
import importlib.util
import sys
import uuid

import bson
from pymongo import AsyncMongoClient, MongoClient
from pymongo.errors import CollectionInvalid, OperationFailure
from pymongo_support import Blocking, Commands, Place, Results, Skipped, data, images, restaurants, some_restaurants

blarney_castle = {"name": "Blarney Castle"}
becomes_irish = {"$set": {"cuisine": "Irish"}}


def take(stream, count):
    return [stream.next() for _ in range(count)]


def types(events):
    return [event["operationType"] for event in events]


def refused(code, body):
    try:
        body()
    except OperationFailure as error:
        assert error.code == code, f"code {error.code} instead of {code}: {error}"
        return error
    raise AssertionError(f"no error instead of {code}")


# -- Open a change stream ----------------------------------------------------------------------------------------------


def test_all_restaurants_go_in_and_come_out_byte_for_byte(place):
    if not data.exists():
        raise Skipped(f"{data} is not there")
    documents = [{"_id": bson.ObjectId(), **document} for document in restaurants]
    assert len(place.collection.insert_many(documents).inserted_ids) == 5353
    found = place.collection.find().sort("_id", 1)
    assert [bson.encode(document) for document in found] == [bson.encode(document) for document in documents]


def test_an_update_is_told_in_the_words_of_the_guide(place):
    collection = place.load()
    castle = collection.find_one(blarney_castle)
    with collection.watch() as stream:
        assert collection.update_one(blarney_castle, becomes_irish).modified_count == 1
        change = next(iter(stream))
    assert list(change) == ["_id", "operationType", "clusterTime", "wallTime", "ns", "documentKey", "updateDescription"]
    assert list(change["_id"]) == ["_data"]
    assert isinstance(change["clusterTime"], bson.Timestamp)
    assert isinstance(change["wallTime"], datetime.datetime)
    assert change["ns"] == {"db": place.database.name, "coll": "restaurants"}
    assert change["documentKey"] == {"_id": castle["_id"]}
    description = [("updatedFields", {"cuisine": "Irish"}), ("removedFields", []), ("truncatedArrays", [])]
    assert list(change["updateDescription"].items()) == description


def test_a_collection_a_database_and_a_client_can_be_watched(place):
    here = [{"$match": {"ns.db": place.database.name}}]
    streams = place.collection.watch(), place.database.watch(), place.client.watch(here)
    place.database["pubs"].insert_one({"number": 1})
    place.collection.insert_one({"number": 2})
    numbers = [[event["fullDocument"]["number"] for event in take(s, n)] for s, n in zip(streams, (1, 2, 2))]
    assert numbers == [[2], [1, 2], [1, 2]]
    for stream in streams:
        stream.close()
        assert not stream.alive


def test_try_next_does_not_wait_for_long_and_the_token_moves_all_the_same(place):
    collection = place.load()
    with collection.watch([{"$match": {"operationType": "delete"}}], max_await_time_ms=10) as stream:
        tokens = [stream.resume_token["_data"]]
        for _ in range(3):
            collection.insert_one({})
            place.database["pubs"].insert_one({})
            assert stream.try_next() is None
            tokens.append(stream.resume_token["_data"])
    assert sorted(set(tokens)) == tokens, tokens
    assert {command["maxTimeMS"] for command in place.commands.of("getMore")} == {10}
    collection.insert_one({"number": 4})
    with collection.watch(resume_after={"_data": tokens[-1]}) as resumed:
        assert resumed.next()["fullDocument"]["number"] == 4


# -- Modify the output -------------------------------------------------------------------------------------------------


def through(place, *stages, **options):
    place.collection.drop()
    collection = place.load()
    with collection.watch(list(stages), **options) as stream:
        collection.insert_one({"name": "New", "cuisine": "Thai"})
        collection.update_one(blarney_castle, becomes_irish)
        return stream.next()


updates = {"$match": {"operationType": "update"}}


def test_match_leaves_only_updates_or_only_what_it_looks_for(place):
    assert through(place, updates)["operationType"] == "update"
    irish = {"$match": {"updateDescription.updatedFields.cuisine": "Irish"}}
    assert through(place, irish)["operationType"] == "update"
    assert through(place, {"$match": {"fullDocument.cuisine": "Thai"}})["operationType"] == "insert"


def test_add_fields_and_set_add_what_expressions_make(place):
    for stage in "$addFields", "$set":
        added = {"upper": {"$toUpper": "$operationType"}, "where.coll": "$ns.coll"}
        event = through(place, updates, {stage: added})
        assert (event["upper"], event["where"]) == ("UPDATE", {"coll": "restaurants"})


def test_project_and_unset_leave_out(place):
    assert list(through(place, updates, {"$project": {"operationType": 1}})) == ["_id", "operationType"]
    event = through(place, updates, {"$unset": ["ns", "wallTime"]})
    assert list(event) == ["_id", "operationType", "clusterTime", "documentKey", "updateDescription"]


def test_replace_root_and_replace_with_make_another_document(place):
    new_root = {"$mergeObjects": ["$updateDescription.updatedFields", {"_id": "$_id"}]}
    for stage in {"$replaceRoot": {"newRoot": new_root}}, {"$replaceWith": new_root}:
        event = through(place, updates, stage)
        assert set(event) == {"_id", "cuisine"} and event["cuisine"] == "Irish"


def test_redact_hides(place):
    condition = [{"$eq": ["$operationType", "insert"]}, "$$PRUNE", "$$KEEP"]
    assert through(place, {"$redact": {"$cond": condition}})["operationType"] == "update"


def test_a_pipeline_may_not_take_the_token_away(place):
    error = refused(280, lambda: through(place, {"$replaceWith": {"what": "$operationType"}}))
    assert error.has_error_label("NonResumableChangeStreamError")
    refused(20, lambda: place.collection.watch([{"$group": {"_id": "$operationType"}}]))
    refused(40324, lambda: place.collection.watch([{"$nonsense": {}}]))


# -- Modify the behaviour ----------------------------------------------------------------------------------------------


def test_resume_after_and_start_after_go_on_behind_a_token(place):
    with place.collection.watch() as stream:
        for number in range(3):
            place.collection.insert_one({"number": number})
        tokens = [event["_id"] for event in take(stream, 3)]
    for option in "resume_after", "start_after":
        with place.collection.watch(**{option: tokens[0]}) as stream:
            assert [event["fullDocument"]["number"] for event in take(stream, 2)] == [1, 2]


def test_start_at_operation_time_is_inclusive(place):
    with place.collection.watch() as stream:
        for number in range(3):
            place.collection.insert_one({"number": number})
        second = take(stream, 2)[1]
    with place.collection.watch(start_at_operation_time=second["clusterTime"]) as stream:
        assert stream.next()["fullDocument"]["number"] == 1


def test_the_ways_to_start_exclude_each_other(place):
    with place.collection.watch() as stream:
        place.collection.insert_one({})
        event = stream.next()
    token, time = event["_id"], event["clusterTime"]

    # PyMongo sends only one of them, so the command is made by hand.
    def watch(**options):
        pipeline = [{"$changeStream": options}]
        return place.database.command("aggregate", "restaurants", pipeline=pipeline, cursor={})

    refused(50865, lambda: watch(resumeAfter=token, startAfter=token))
    refused(40674, lambda: watch(resumeAfter=token, startAtOperationTime=time))
    refused(40674, lambda: watch(startAfter=token, startAtOperationTime=time))


def test_a_drop_invalidates_and_start_after_begins_anew(place):
    collection = place.load()
    with collection.watch() as stream:
        collection.drop()
        assert types(list(stream)) == ["drop", "invalidate"]
        assert not stream.alive
        token = stream.resume_token
    refused(260, lambda: collection.watch(resume_after=token))
    collection.insert_one({"number": 1})
    with collection.watch(start_after=token) as stream:
        assert stream.next()["fullDocument"]["number"] == 1


def test_rename_and_drop_database_are_told_to_the_database(place):
    collection = place.load()
    with place.database.watch() as stream:
        collection.rename("places")
        place.client.drop_database(place.database.name)
        rename, *others = list(stream)
    assert list(rename) == ["to", "_id", "operationType", "clusterTime", "wallTime", "ns"]
    assert rename["to"] == {"db": place.database.name, "coll": "places"}
    assert types(others) == ["drop", "dropDatabase", "invalidate"]
    assert others[1]["ns"] == {"db": place.database.name}


def test_expanded_events_are_shown_on_request(place):
    with place.database.watch(show_expanded_events=True) as stream:
        place.database.create_collection("restaurants")
        place.collection.create_index("cuisine")
        place.collection.drop_index("cuisine_1")
        place.database.command("collMod", "restaurants", **images)
        events = take(stream, 4)
    assert types(events) == ["create", "createIndexes", "dropIndexes", "modify"]
    assert isinstance(events[0]["collectionUUID"], (uuid.UUID, bson.Binary))
    assert events[1]["operationDescription"]["indexes"][0]["key"] == {"cuisine": 1}
    assert events[3]["operationDescription"] == images
    try:
        place.database.create_collection("restaurants")
    except (CollectionInvalid, OperationFailure):
        return
    raise AssertionError("a collection was created twice")


def test_batch_size_session_and_comment_reach_the_server(place):
    # And no collation: PyMongo 4.20 takes one for a change stream and never sends it.
    collection = place.load()
    with place.client.start_session() as session:
        with collection.watch(batch_size=2, comment={"why": "test"}, session=session) as stream:
            for cuisine in "Irish", "Italian", "Indian":
                collection.update_one(blarney_castle, {"$set": {"cuisine": cuisine}})
            assert len(take(stream, 3)) == 3
        sent = place.commands.of("aggregate", "getMore")
        assert len(sent) == 3
        assert {command["comment"]["why"] for command in sent} == {"test"}
        assert all(command["lsid"] == session.session_id for command in sent)
    sizes = [len(cursor.get("nextBatch", cursor.get("firstBatch"))) for cursor in place.commands.cursors()]
    assert sizes == [0, 2, 1], sizes


# -- Images ------------------------------------------------------------------------------------------------------------


def test_update_lookup_gives_the_whole_document(place):
    event = through(place, updates, full_document="updateLookup")
    document = event["fullDocument"]
    assert list(document) == ["_id", "address", "borough", "cuisine", "grades", "name", "restaurant_id"]
    assert (document["borough"], document["cuisine"], document["restaurant_id"]) == ("Queens", "Irish", "40366356")


def test_images_are_the_document_before_and_after(place):
    collection = place.load_with_images()
    for mode in "whenAvailable", "required":
        with collection.watch(full_document=mode, full_document_before_change=mode) as stream:
            collection.update_one(blarney_castle, {"$inc": {"visits": 1}})
            collection.update_one(blarney_castle, {"$inc": {"visits": 1}})
            first, second = take(stream, 2)
        assert first["fullDocument"] == second["fullDocumentBeforeChange"]
        assert second["fullDocument"]["visits"] == first["fullDocument"]["visits"] + 1


def test_a_required_image_that_is_missing_is_error_47(place):
    collection = place.load()
    for option in "full_document", "full_document_before_change":
        with collection.watch(**{option: "required"}) as stream:
            collection.update_one(blarney_castle, {"$inc": {"visits": 1}})
            refused(47, stream.next)
    modes = {"full_document": "whenAvailable", "full_document_before_change": "whenAvailable"}
    with collection.watch(**modes) as stream:
        collection.update_one(blarney_castle, {"$inc": {"visits": 1}})
        event = stream.next()
    assert event["fullDocument"] is None and event["fullDocumentBeforeChange"] is None


# -- What is not the same in both APIs, and compressors ----------------------------------------------------------------


async def async_example(uri):
    async with AsyncMongoClient(uri) as client:
        collection = client["pymongo_async"]["restaurants"]
        await collection.insert_many([dict(document) for document in some_restaurants])
        async with await collection.watch(full_document="updateLookup") as stream:
            # The update is made while the loop already waits.
            update = asyncio.create_task(collection.update_one(blarney_castle, becomes_irish))
            async for change in stream:
                assert change["fullDocument"]["cuisine"] == "Irish"
                break
            await update


def is_installed(module):
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def compressed_example(uri, name):
    with MongoClient(uri) as client:
        if client.admin.command("hello", compression=[name]).get("compression") != [name]:
            raise Skipped(f"the server has no {name} (zstd comes with Node 22.15)")
    modules = {"snappy": ["snappy"], "zstd": ["compression.zstd", "backports.zstd"]}.get(name, ["zlib"])
    if not any(is_installed(module) for module in modules):
        raise Skipped(f"Python has no {' nor '.join(modules)}")
    with MongoClient(uri, compressors=name) as client:
        received = lambda: client.admin.command("serverStatus")["network"]["bytesIn"]
        collection = client["pymongo_compressed"][name]
        before = received()
        with collection.watch() as stream:
            collection.insert_one({"_id": 1, "text": "Blarney Castle " * 100_000})
            assert len(stream.next()["fullDocument"]["text"]) == 1_500_000
        assert received() - before < 300_000, "what was sent was not compressed"


# -- Running them ------------------------------------------------------------------------------------------------------


def main(uri):
    results = Results()
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    commands = Commands()
    with MongoClient(uri, event_listeners=[commands]) as client:
        for name, test in tests:
            commands.clear()
            results.run(f"MongoClient: {name}", test, Place(client, commands))
    with asyncio.Runner() as runner:
        with Blocking(AsyncMongoClient(uri, event_listeners=[commands]), runner.get_loop()) as client:
            for name, test in tests:
                commands.clear()
                results.run(f"AsyncMongoClient: {name}", test, Place(client, commands))
    results.run("async for", lambda: asyncio.run(async_example(uri)))
    for name in "zlib", "snappy", "zstd":
        results.run(f"compressor {name}", compressed_example, uri, name)
    skipped = f", {results.skipped} skipped" if results.skipped else ""
    print(f"{results.passed} passed, {results.failed} failed{skipped}")
    return results.failed


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1]) else 0)
