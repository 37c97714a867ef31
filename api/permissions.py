"""What each route needs of a key: the one list. A route that is not in it is refused to everybody."""

from services.accounts.scopes import ALL, Scope

READ, SUBMIT, PREDICT, METRICS, ADMIN = Scope.READ, Scope.SUBMIT, Scope.PREDICT, Scope.METRICS, Scope.ADMIN
OPEN: frozenset[Scope] = frozenset()  #: whoever asks is answered, with a key or without

#: By the scopes of which one is needed: the endpoints.
_NEEDED: dict[tuple[Scope, ...], str] = {
    tuple(ALL): """
        service.root service.catalog service.schema service.document service.problem
        pages.docs pages.log_out
        """,
    (READ,): """
        jobs.index jobs.show system.system costs.metrics costs.batches costs.logs events.events
        checkpoints.index checkpoints.show checkpoints.content exports.export exports.card
        models.index models.show models.show_version models.show_alias models.history
        datasets.index datasets.show datasets.rows datasets.content
        evaluations.evaluation evaluations.predictions proofs.verification
        batch_predictions.index batch_predictions.show batch_predictions.content
        webhooks.index webhooks.show queue.queue queue.workers shares.index
        pages.about pages.index pages.show_job pages.curve_points pages.metrics_csv pages.spec_file pages.predict_tab
        pages.compare pages.compare_points pages.datasets pages.dataset
        pages.models pages.model pages.queue pages.new pages.live
        """,
    (SUBMIT,): """
        jobs.submit jobs.cancel jobs.remove control.change control.pause control.resume control.retry bulk.cancel
        bulk.options proofs.verify
        models.register models.delete_version models.move_alias models.delete_alias
        datasets.upload datasets.change datasets.remove webhooks.add webhooks.test webhooks.remove
        shares.create shares.remove
        pages.sample pages.check pages.start pages.upload pages.selected
        pages.pause pages.resume pages.cancel pages.delete pages.retry pages.change
        pages.priority pages.delete_dataset pages.rename_dataset
        pages.share pages.unshare
        """,
    (PREDICT,): """
        predictions.by_job predictions.by_model predictions.by_version proofs.replay_prediction
        batch_predictions.create batch_predictions.cancel batch_predictions.remove
        inference.infer inference.version_infer
        pages.predict pages.predict_rows pages.predict_image
        """,
    (ADMIN,): """
        keys.create keys.index keys.show keys.revoke audit.index owners.show owners.change
        queue.drain queue.undrain pages.drain pages.undrain
        queue.pause queue.resume pages.pause_queue pages.resume_queue
        """,
    (METRICS, ADMIN): "metrics.metrics",
    # Clients of the protocol ask these before they predict.
    (READ, PREDICT): """
        inference.server inference.live inference.ready inference.metadata inference.version_metadata
        inference.model_ready inference.version_ready inference.index
        """,
    (): "service.health service.ready pages.static pages.login pages.log_in",
}
NEEDED = {endpoint: frozenset(scopes) for scopes, names in _NEEDED.items() for endpoint in names.split()}


def needed(endpoint: str | None) -> frozenset[Scope] | None:
    """Return the scopes of which a caller needs one; None for a route that says nothing of it."""
    return NEEDED.get(endpoint or "")
