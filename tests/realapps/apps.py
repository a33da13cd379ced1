"""The applications: where each is from, what it needs, and what is looked at."""

from __future__ import annotations

from application import Application, Login

PASSWORD = "secret-secret"
_FLASK = ("flask==3.1.3", "werkzeug==3.1.9")


def _python(script: str) -> tuple[str, ...]:
    return ("python", "{hosting}/" + script)


PGADMIN = Application(
    "pgAdmin 4",
    ("pgadmin4==9.18", *_FLASK),
    "pgAdmin4:app",
    ("/browser/", "/login"),
    "Object Explorer",
    Login("/login", {"[name=email]": "reader@example.org", "[name=password]": PASSWORD}),
    files={
        "config/config_local.py": (
            "DATA_DIR = '{data}/var'\n"
            "LOG_FILE = '{data}/var/log'\n"
            "SQLITE_PATH = '{data}/var/pgadmin4.db'\n"
            "SESSION_DB_PATH = '{data}/var/sessions'\n"
            "STORAGE_DIR = '{data}/var/storage'\n"
            "UPGRADE_CHECK_ENABLED = False\n"
            "SHOW_GRAVATAR_IMAGE = False\n"
            "CHECK_SUPPORTED_BROWSER = False\n"
        ),
        "var/.keep": "",
    },
    commands=(("python", "-c", "import pgAdmin4"),),
    environ={
        "PGADMIN_SETUP_EMAIL": "reader@example.org",
        "PGADMIN_SETUP_PASSWORD": PASSWORD,
    },
    paths=("{data}/config", "{site}/pgadmin4"),
    quiet=2.0,
    ready={"/browser/": "[role=tree], .file-tree"},
)

CALIBRE_WEB = Application(
    "calibre-web",
    ("calibreweb==0.6.27", *_FLASK),
    "calibreweb_app:app",
    ("/", "/book/1", "/me", "/admin/view", "/search?query=Emma", "/nothing-here"),
    "Middlemarch",
    Login("/login", {"[name=username]": "admin", "[name=password]": "admin123"}),
    commands=(_python("calibreweb_library.py"),),
    environ={"CALIBRE_DBPATH": "{data}", "CACHE_DIRECTORY": "{data}/cache"},
    hidden=".discover.random-books",
)

IHATEMONEY = Application(
    "ihatemoney",
    ("ihatemoney==7.2.1", *_FLASK),
    "ihatemoney.wsgi:application",
    ("/trip/", "/", "/trip/add", "/trip/statistics", "/trip/settle_bills", "/nothing/here"),
    "Tickets",
    Login("/authenticate", {"#id": "trip", "#password": PASSWORD}),
    files={
        "settings.py": (
            "SQLALCHEMY_DATABASE_URI = 'sqlite:///{data}/ihatemoney.db'\n"
            "SECRET_KEY = 'realapps'\n"
            "SESSION_COOKIE_SECURE = False\n"
        ),
    },
    commands=(_python("ihatemoney_project.py"),),
    environ={"IHATEMONEY_SETTINGS_FILE_PATH": "{data}/settings.py"},
)

OTTER_WIKI = Application(
    "An Otter Wiki",
    ("otterwiki==2.26.1", *_FLASK),
    "otterwiki.views:app",
    ("/-/settings", "/Page", "/Page/edit", "/-/changelog", "/-/pageindex", "/Nothing"),
    "User Management",
    Login("/-/login", {"[name=email]": "reader@example.org", "[name=password]": PASSWORD}),
    files={
        "settings.cfg": (
            "REPOSITORY = '{data}/wiki'\n"
            "SQLALCHEMY_DATABASE_URI = 'sqlite:///{data}/wiki.db'\n"
            "SECRET_KEY = 'realapps-realapps'\n"
        ),
    },
    commands=(("git", "init", "-q", "wiki"), _python("otterwiki_user.py")),
    environ={"OTTERWIKI_SETTINGS": "{data}/settings.cfg"},
    quick=True,
)

SQLITE_WEB = Application(
    "sqlite-web",
    ("sqlite-web==0.8.2", *_FLASK),
    "sqliteweb_app:app",
    ("/", "/books/", "/books/content/", "/books/query/", "/nothing/"),
    "books",
    Login("/login/", {"[name=password]": PASSWORD}),
    commands=(
        (
            "python",
            "-c",
            "import sqlite3; db = sqlite3.connect('books.db');"
            " db.execute('CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT)');"
            " db.execute('INSERT INTO books (title) VALUES (?)', ('Emma',)); db.commit()",
        ),
    ),
    environ={"SQLITE_WEB_PASSWORD": PASSWORD},
    quick=True,
)

BEPASTY = Application(
    "bepasty",
    ("bepasty==1.2.2", *_FLASK),
    "bepasty.wsgi:application",
    ("/", "/+list", "/nothing-here"),
    "List all Items",
    Login("/", {"[name=token]": PASSWORD}),
    files={
        "bepasty.conf": (
            "SECRET_KEY = 'realapps-realapps'\n"
            "SESSION_COOKIE_SECURE = False\n"
            "STORAGE_FILESYSTEM_DIRECTORY = '{data}/storage'\n"
            "PERMISSIONS = {'secret-secret': 'admin,list,create,modify,read,delete'}\n"
        ),
        "storage/.keep": "",
    },
    commands=(_python("bepasty_items.py"),),
    environ={"BEPASTY_CONFIG": "{data}/bepasty.conf"},
)

FAVA = Application(
    "Fava",
    ("fava==1.30.16", *_FLASK),
    "fava_app:app",
    ("/", "/example/balance_sheet/", "/example/journal/", "/example/editor/", "/example/help/"),
    "Example",
    files={
        "example.beancount": (
            'option "title" "Example"\n'
            'option "operating_currency" "EUR"\n'
            "2020-01-01 open Assets:Cash\n"
            "2020-01-01 open Expenses:Food\n"
            '2020-01-02 * "Baker" "Bread"\n'
            "  Expenses:Food  3.00 EUR\n"
            "  Assets:Cash\n"
        ),
    },
)

MLFLOW = Application(
    "MLflow with its log-in",
    ("mlflow==3.17.2", "flask-wtf==1.3.0", *_FLASK),
    "mlflow.server.auth:create_app",
    ("/#/experiments", "/#/models", "/signup"),
    "Experiments",
    environ={
        "_MLFLOW_SERVER_FILE_STORE": "sqlite:///{data}/mlflow.db",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "{data}/artifacts",
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "realapps",
        "MLFLOW_AUTH_ADMIN_PASSWORD": PASSWORD,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
    },
    quiet=3.0,
    ready={"/#/experiments": "main", "/#/models": "main"},
    # admin:secret-secret
    headers={"Authorization": "Basic YWRtaW46c2VjcmV0LXNlY3JldA=="},
)

APPBUILDER = Application(
    "Flask-AppBuilder",
    ("flask-appbuilder==5.3.0", *_FLASK),
    "appbuilder_app:app",
    ("/", "/users/list/", "/roles/list/", "/users/add", "/nothing-here"),
    "Security",
    Login("/login/", {"#username": "reader", "#password": PASSWORD}),
    files={
        "config.py": (
            "SECRET_KEY = 'realapps-realapps'\n"
            "SQLALCHEMY_DATABASE_URI = 'sqlite:///{data}/app.db'\n"
            "AUTH_TYPE = 1\n"
            "FAB_SECURITY_MANAGER_CLASS = None\n"
        ),
    },
    commands=(
        (
            "flask",
            "--app",
            "appbuilder_app",
            "fab",
            "create-admin",
            "--username=reader",
            "--firstname=A",
            "--lastname=Reader",
            "--email=reader@example.org",
            f"--password={PASSWORD}",
        ),
    ),
)

APPLICATIONS = (
    PGADMIN,
    CALIBRE_WEB,
    MLFLOW,
    APPBUILDER,
    IHATEMONEY,
    OTTER_WIKI,
    BEPASTY,
    FAVA,
    SQLITE_WEB,
)
